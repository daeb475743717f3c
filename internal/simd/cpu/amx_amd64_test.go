package cpu

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestMain prints the answer of AMX, if the environment asks for it, in place of running tests.
func TestMain(m *testing.M) {
	if os.Getenv("PRINT_AMX") != "" {
		fmt.Print(AMX())
		return
	}
	os.Exit(m.Run())
}

// Other processes are asked, which is not possible under an emulator: hence amd64 alone. GODEBUG turns AMX off, and so does the lack of an instruction that fills the tiles.
func TestAMX(t *testing.T) {
	ask := func(debug string) string {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "PRINT_AMX=1", "GODEBUG="+debug)
		out, err := c.Output() // on the standard error Go's runtime says that it does not know some of the names
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, debug := range []string{"cpu.amxbf16=off", "cpu.amxtile=off", "cpu.avx512f=off", "cpu.avx512bw=off", "cpu.avx512bf16=off"} {
		if got := ask(debug); got != "false" {
			t.Errorf("GODEBUG=%s: AMX is %s", debug, got)
		}
	}
	if got, want := ask(os.Getenv("GODEBUG")), fmt.Sprint(AMX()); got != want {
		t.Errorf("AMX is %s in another process and %s in this one", got, want)
	}
}
