//go:build !unix

package regulartest

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
