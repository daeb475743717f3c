//go:build unix

package regular

import "syscall"

// nonblocking makes opening a named pipe return at once. It changes nothing for a regular file.
const nonblocking = syscall.O_NONBLOCK
