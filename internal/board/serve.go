package board

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const (
	requestFor   = 15 * time.Second // a request
	writeFor     = 30 * time.Second // an answer, or a piece of a text
	shutdownWait = 3 * time.Second
)

// Listen listens at an address HOST:PORT. Its error says what to do.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		host, port, _ := net.SplitHostPort(address)
		other := "0"
		if n, e := strconv.Atoi(port); e == nil && n < 65535 {
			other = strconv.Itoa(n + 1)
		}
		return nil, fmt.Errorf("another program listens at %s: open http://%[1]s if that is a board, or choose another port with -addr %s", address, net.JoinHostPort(host, other))
	} else if err != nil {
		return nil, fmt.Errorf("cannot listen at %s: %w; -addr needs HOST:PORT of this machine, such as 127.0.0.1:8787", address, err)
	}
	return l, nil
}

// Serve answers requests until ctx ends, and then waits a moment for those that are being answered. Texts that are being
// generated end at once.
func (b *Board) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: b.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: requestFor, WriteTimeout: writeFor,
		IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 17, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.Background(), shutdownWait)
	defer cancel()
	if err := server.Shutdown(wait); err != nil {
		return server.Close()
	}
	return nil
}
