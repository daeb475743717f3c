package checkpoints

import "goomtrain/internal/comm"

// LoadTogether is Load in all processes of a group at once: process 0 finds the checkpoint, and each verifies some of its
// files. ReadOptimizer then reads what a process asks for, and takes no notice of what others need.
func LoadTogether(group *comm.Group, path string) (*Checkpoint, error) {
	t := team{group}
	if t.size() == 1 {
		return Load(path)
	}
	if t.rank() == 0 {
		c, err := load(path, func(dir string) (*Checkpoint, error) {
			if _, err := t.round(word{Dir: dir}, nil); err != nil {
				return nil, err
			}
			return t.open(dir)
		})
		if _, err := t.round(word{}, err); err != nil { // no folder: this was the last one
			return nil, err
		}
		return c, nil
	}
	var c *Checkpoint
	for {
		words, err := t.round(word{}, nil)
		if err != nil {
			return nil, err
		}
		if words[0].Dir == "" {
			return c, nil
		}
		c, _ = t.open(words[0].Dir) // process 0 goes on to another if it must
	}
}

// open verifies the checkpoint in dir together with the other processes.
func (t team) open(dir string) (*Checkpoint, error) {
	c, err := openSome(dir, true, t)
	var own word
	if err == nil {
		own.State = c.sums.SHA256
	}
	words, err := t.round(own, err)
	for r, w := range words {
		if err == nil && w.State != words[0].State {
			err = &fileError{file: dir, reason: t.group.Name(r) + " reads another " + stateName + " there", remedy: remedyOther, kind: ErrCorrupt}
		}
	}
	if err != nil {
		return nil, err
	}
	c.some = true
	return c, nil
}
