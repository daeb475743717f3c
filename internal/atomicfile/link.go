package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxTarget is the largest size of a text file that replaces a symbolic link: the longest path of common
// systems.
const maxTarget = 4096

// symlink is os.Symlink; tests replace it to simulate a file system without symbolic links.
var symlink = os.Symlink

// Point makes link a relative symbolic link to target. It replaces a former link, or the text file in place of
// one, atomically. Where symbolic links cannot be made (FAT, Windows without the privilege) link becomes a
// small text file that holds the target; Target reads both. If link is a folder, Point returns an error and
// leaves it unchanged.
func Point(link, target string) error {
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, not a link to %s (copied without its links?): move it away", link, target)
	}
	for {
		temp := tempName(link)
		err := symlink(target, temp)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			// If links cannot be made here, the text file takes their place. If nothing can be written
			// here, WriteFile returns the reason.
			return WriteFile(link, []byte(target+"\n"))
		}
		if err := os.Rename(temp, link); err != nil {
			os.Remove(temp)
			return err
		}
		return SyncDir(filepath.Dir(link))
	}
}

// Target returns the target of link as Point stored it. It does not check that the target exists. The error of
// a missing link is fs.ErrNotExist.
func Target(link string) (string, error) {
	info, err := os.Lstat(link)
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return os.Readlink(link)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is neither a link nor a text file that names its target", link)
	}
	f, err := os.Open(link)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTarget+1))
	if err != nil {
		return "", err
	}
	target := strings.TrimRight(string(text), "\r\n")
	if target == "" || len(text) > maxTarget || strings.ContainsAny(target, "\x00\r\n") {
		return "", fmt.Errorf("%s is not a link: a text file in place of a link has one line, the target", link)
	}
	return target, nil
}

// tempName returns a new temporary name in the folder of path.
func tempName(path string) string {
	dir, base := filepath.Split(path)
	return dir + TempPrefix + base + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36)
}
