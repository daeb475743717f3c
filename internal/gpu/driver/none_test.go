//go:build !gpu || !linux || !amd64 || !cgo

package driver

import "testing"

func TestWithoutSupport(t *testing.T) {
	const want = "this program is built without GPU support: build it on linux/amd64, with gcc, by go build -tags gpu"
	if d, err := Open(0); d != nil || err == nil || err.Error() != want {
		t.Errorf("Open: %v, %v", d, err)
	}
	if n, err := Count(); n != 0 || err == nil || err.Error() != want {
		t.Errorf("Count: %d, %v", n, err)
	}
}
