package dense

// rowGrain is the number of rows that one worker takes at a time in loops over rows.
const rowGrain = 64

// grainOf is rowGrain for rows that may be narrow, such as the rows of heads: more of them.
func grainOf(width int) int { return max(rowGrain, 4096/max(1, width)) }
