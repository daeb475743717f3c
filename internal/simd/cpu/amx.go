package cpu

import "sync"

// AMX reports whether kernels may multiply tiles of bfloat16: whether the machine has AMX-BF16 and the vector instructions
// that fill the tiles, and the system lets the process use them. The first call asks the system for that: threads that
// use tiles have a larger state to save, so a process that needs none should not ask. Only Linux is asked. The answer is
// false in a build without assembly and with GODEBUG=cpu.amxbf16=off, a name that Go's runtime reports as unknown.
var AMX = sync.OnceValue(requestAMX)
