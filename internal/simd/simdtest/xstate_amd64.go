//go:build amd64 && !noasm

package simdtest

// tileState is the bits of XINUSE for the shapes of tiles, XTILECFG, and for what is in them, XTILEDATA.
const tileState = 1<<17 | 1<<18

// TilesInUse reports whether the state of the thread that it runs on has tiles of AMX, which slow down every switch to and
// from the thread. It is known on processors that tell which parts of the state are in use.
func TilesInUse() (inUse, known bool) {
	x := xInUse()
	return x&tileState != 0, x != 0 // those of SSE are in use wherever Go runs
}
