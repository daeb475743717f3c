package board

import (
	"net"
	"net/http"
	"strings"
)

// policy allows what the page consists of, and no script or style within it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard protects a handler from other sites that the browser shows. A name that some site makes resolve to this machine
// is refused (DNS rebinding), and so are requests that change something and come from another site.
func guard(host string, next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if !allowed(r.Host, host) {
			http.Error(w, "this server does not answer for that host name: use its address, or start it with -addr HOST:PORT", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowed reports whether the Host of a request is this machine's: the host that the server was told to listen at, a
// loopback name or address or, if it listens at every address, any address. An address cannot be rebound.
func allowed(requested, listening string) bool {
	name := requested
	if h, _, err := net.SplitHostPort(requested); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	ip := net.ParseIP(name)
	if name == "localhost" || ip != nil && ip.IsLoopback() || name == strings.ToLower(listening) && name != "" {
		return true
	}
	return ip != nil && everywhere(listening)
}

// everywhere reports whether a host to listen at stands for all addresses of the machine.
func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// Loopback reports whether only this machine can reach a server that listens at that host.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
