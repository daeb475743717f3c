package dense

// rowGrain is the number of rows that one worker takes at a time in loops over rows.
const rowGrain = 64
