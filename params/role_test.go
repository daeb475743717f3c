package params

import "testing"

func TestRoles(t *testing.T) {
	for role, want := range map[Role]struct {
		name   string
		decays bool
	}{
		Matrix: {"matrix", true}, Embedding: {"embedding", true}, Positions: {"positions", true},
		Recurrent: {"recurrent", true}, State: {"state", true}, Vector: {"vector", false},
	} {
		if role.String() != want.name || role.Decays() != want.decays {
			t.Errorf("role %d: %s, decays %t, want %s, %t", int(role), role, role.Decays(), want.name, want.decays)
		}
	}
	if got := Role(-1).String(); got != "Role(-1)" {
		t.Errorf("a role that is none is called %s", got)
	}
}
