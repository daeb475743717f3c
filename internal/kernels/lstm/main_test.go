package lstm

import (
	"os"
	"testing"

	"goomtrain/internal/kernels/workspace"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}
