package trees

// Stats describe the last Forward of a Loss at one level.
type Stats struct {
	Loss    float64 // sum over counted labels, in nats
	Counted int     // labels whose path reaches the level
	Correct int     // those of them whose class of the path has the largest score of the level
}

// Stats returns those of each level, [L].
func (k *Loss[F]) Stats() []Stats {
	levels := k.tree.Levels()
	stats := make([]Stats, levels)
	for r, label := range k.labels {
		if label < 0 {
			continue
		}
		for l := range k.tree.Level(label) + 1 {
			stats[l].Loss += float64(k.nll[r*levels+l])
			stats[l].Counted++
			if k.hit[r*levels+l] {
				stats[l].Correct++
			}
		}
	}
	return stats
}
