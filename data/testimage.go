package data

import "fmt"

// TestImage returns an image of the test set of an IDX folder, counted from 0 in the order of its file: the gray values
// row by row, the number of rows, and the class.
func TestImage(dir string, index int) (pixels []int32, rows, class int, err error) {
	set, err := readImages(dir, "t10k")
	if err != nil {
		return nil, 0, 0, fmt.Errorf("image data: %w", err)
	}
	if index < 0 || index >= len(set.labels) {
		return nil, 0, 0, fmt.Errorf("image data %s: there is no test image %d: they are 0 to %d", dir, index, len(set.labels)-1)
	}
	for _, p := range set.pixels[index*set.size : (index+1)*set.size] {
		pixels = append(pixels, int32(p))
	}
	return pixels, set.rows, int(set.labels[index]), nil
}
