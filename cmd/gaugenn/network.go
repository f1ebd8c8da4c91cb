package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// networks reads graph files below a folder once each, for predictors that
// ask for the same graph in every fold. It is safe for concurrent use.
type networks struct {
	dir  string
	mu   sync.Mutex
	read map[string]*networkOnce
}

type networkOnce struct {
	once sync.Once
	net  *feature.Network
	err  error
}

func newNetworks(dir string) *networks { return &networks{dir: dir, read: map[string]*networkOnce{}} }

// network returns the kernels of the graph file at path, relative to the folder.
func (n *networks) network(path string) (*feature.Network, error) {
	n.mu.Lock()
	o := n.read[path]
	if o == nil {
		o = &networkOnce{}
		n.read[path] = o
	}
	n.mu.Unlock()
	o.once.Do(func() {
		name := filepath.FromSlash(path)
		if !filepath.IsLocal(name) {
			o.err = fmt.Errorf("graph %q: not a path below the folder of graphs", path)
			return
		}
		m, err := readModel(n.locate(name))
		if err != nil {
			o.err = err
			return
		}
		stateInput(path, m)
		o.net = kernels(path, m)
	})
	return o.net, o.err
}

// locate returns the file for a path of the graph column. The folder given may be the one that those paths start from, or a folder on
// their way: leading folders that are not there are left out.
func (n *networks) locate(name string) string {
	rest := name
	for {
		full := filepath.Join(n.dir, rest)
		if info, err := os.Stat(full); err == nil && !info.IsDir() {
			return full
		}
		_, after, ok := strings.Cut(rest, string(filepath.Separator))
		if !ok {
			return filepath.Join(n.dir, name)
		}
		rest = after
	}
}

// stateInput gives an ncnn graph whose file leaves its image size open the size that the runtime's benchmark uses for that name.
func stateInput(path string, m *graph.Model) {
	shape, ok := ncnn.BenchmarkInput(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	if m.Format != "ncnn" || !ok {
		return
	}
	for _, id := range m.Graphs[0].Inputs {
		if t := m.Graphs[0].Tensor(id); t != nil && !t.Shape.IsStatic() {
			t.Shape = graph.ShapeOf(shape[:]...)
		}
	}
}

// kernels binds, shapes and costs a model and returns what a runtime would
// launch. Free dimensions take customary sizes: the caller asked for a number.
func kernels(name string, m *graph.Model) *feature.Network {
	at := customary(m, bind.Policy{})
	return feature.Of(name, at.model.Graphs[0], at.costs[0], fusionOf(m.Format))
}

// fusionOf returns how much of a file's graph its runtimes still fuse: formats
// that hold a runtime's own kernels are run as filed.
func fusionOf(formatName string) feature.Fusion {
	switch formatName {
	case "ncnn", "tflite":
		return feature.FuseNone
	}
	return feature.FusePointwise
}

// readModel reads one model file with its companions beside it.
func readModel(path string) (*graph.Model, error) {
	m, _, err := readWhole(path)
	return m, err
}

// readWhole also returns what the model was read from: the content of its file, and of each companion in the order of the model's parts. Their hash is
// the model's identity in tables.
func readWhole(path string) (*graph.Model, [][]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	dir, opened := filepath.Dir(path), map[string][]byte{}
	in := format.Input{
		Path: path, Name: filepath.Base(path), Data: b,
		Open: func(name string) ([]byte, error) {
			if !filepath.IsLocal(name) {
				return nil, format.ErrNotFound
			}
			c, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return nil, format.ErrNotFound
			}
			opened[name] = c
			return c, nil
		},
	}
	head := format.Head{Name: in.Name, Bytes: b[:min(len(b), format.MaxHead)], Size: int64(len(b))}
	var last error
	for c := format.Certain; c > format.No; c-- {
		for _, f := range all.Formats() {
			if f.Match(head) != c {
				continue
			}
			m, err := f.Parse(in)
			if err == nil && len(m.Graphs) > 0 {
				content := [][]byte{b}
				for _, p := range m.Parts {
					if c, ok := opened[p.Name]; ok && p.Found {
						content = append(content, c)
					}
				}
				return m, content, nil
			}
			if err == nil {
				err = fmt.Errorf("%s: %s: holds weights only, no graph", f.Name, path)
			}
			if last == nil {
				last = err
			}
		}
	}
	if last == nil {
		last = fmt.Errorf("%s: not a model of a known format", path)
	}
	return nil, nil, last
}
