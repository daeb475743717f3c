// Command mutate looks for tests that do not bite: it changes one operator, constant, condition or statement of a package
// at a time, runs the package's own tests, and prints the changes that no test notices.
//
//	go run ./.ci/mutate -budget 10m ./sampling ./rng
//
// Changed files reach the compiler by go test -overlay, so the tree stays as it is, but for files that failing tests
// leave, such as testdata/rapid. Do not edit the package meanwhile. A survivor is either a missing test or a change that
// makes no difference, such as to a faster path or a capacity.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	budget := flag.Duration("budget", 5*time.Minute, "time for all packages together")
	limit := flag.Duration("timeout", time.Minute, "time for one run of a package's tests; longer counts as noticed")
	only := flag.String("files", ".", "only files whose name matches this regular expression")
	run := flag.String("run", "", "only tests that match, as of go test -run")
	seed := flag.Uint64("seed", 1, "order in which changes are tried")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "mutate: name the packages, such as ./sampling")
		os.Exit(2)
	}
	files, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate: -files:", err)
		os.Exit(2)
	}
	m := mutator{limit: *limit, run: *run, files: files, random: rand.New(rand.NewPCG(*seed, 0))}
	for i, pkg := range flag.Args() {
		end := time.Now().Add(*budget / time.Duration(flag.NArg()))
		if err := m.mutate(pkg, end); err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", flag.Arg(i), err)
			os.Exit(1)
		}
	}
}

// A mutator tries the changes of one package after another.
type mutator struct {
	limit  time.Duration
	run    string
	files  *regexp.Regexp
	random *rand.Rand
}

// mutate tries the changes of a package in random order until all are tried or the time is over.
func (m *mutator) mutate(pkg string, end time.Time) error {
	dir, names, err := sources(pkg)
	if err != nil {
		return err
	}
	var all []mutation
	for _, name := range names {
		if m.files.MatchString(name) {
			found, err := mutationsOf(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
	}
	if outcome, err := m.test(pkg, mutation{}); err != nil {
		return err
	} else if outcome != survived {
		return errors.New("its tests fail, or take too long, without any change")
	}
	m.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	counts := map[outcome]int{}
	for _, x := range all {
		if time.Now().After(end) {
			break
		}
		outcome, err := m.test(pkg, x)
		if err != nil {
			return err
		}
		if counts[outcome]++; outcome == survived {
			fmt.Printf("survived: %s\n", x)
		}
	}
	fmt.Printf("%s: %d of %d changes tried: %d noticed, %d do not compile, %d survived\n",
		pkg, counts[noticed]+counts[broken]+counts[survived], len(all), counts[noticed], counts[broken], counts[survived])
	return nil
}

// sources lists the Go files of a package, without tests, that are built on this system.
func sources(pkg string) (dir string, files []string, err error) {
	out, err := exec.Command("go", "list", "-json=Dir,GoFiles", pkg).Output()
	if err != nil {
		return "", nil, fmt.Errorf("go list: %w", err)
	}
	var p struct {
		Dir     string
		GoFiles []string
	}
	err = json.Unmarshal(out, &p)
	return p.Dir, p.GoFiles, err
}

// An outcome is what the tests made of a change.
type outcome int

const (
	survived outcome = iota
	noticed
	broken // does not compile
)

// test runs the tests of a package with a change; the zero mutation changes nothing.
func (m *mutator) test(pkg string, x mutation) (outcome, error) {
	args := []string{"test", "-count=1", "-failfast", "-vet=off", "-timeout", m.limit.String()}
	if m.run != "" {
		args = append(args, "-run", m.run)
	}
	if x.file != "" {
		overlay, remove, err := x.overlay()
		if err != nil {
			return 0, err
		}
		defer remove()
		args = append(args, "-overlay", overlay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), m.limit+2*time.Minute) // compiling takes time too
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return survived, nil
	case ctx.Err() != nil:
		return noticed, nil
	case !errors.As(err, &exit):
		return 0, err
	case strings.Contains(string(out), "[build failed]"), strings.Contains(string(out), "[setup failed]"):
		return broken, nil
	}
	return noticed, nil
}
