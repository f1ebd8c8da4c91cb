package data

import (
	"fmt"
	"reflect"
)

// Table is one table: its folder name, its row type and its key columns.
type Table struct {
	Name string
	Key  []string
	row  reflect.Type
}

// Tables lists every table in the order in which they are documented.
func Tables() []Table {
	return []Table{
		{"apps", []string{"app_sha256"}, reflect.TypeFor[App]()},
		{"files", []string{"app_sha256", "path"}, reflect.TypeFor[File]()},
		{"models", []string{"model_id"}, reflect.TypeFor[Model]()},
		{"layers", []string{"model_id", "graph_index", "node_index"}, reflect.TypeFor[Layer]()},
		{"tensors", []string{"model_id", "graph_index", "tensor_index"}, reflect.TypeFor[Tensor]()},
		{"evidence", []string{"app_sha256", "rule_id", "path"}, reflect.TypeFor[Evidence]()},
		{"relations", []string{"model_id", "other_id"}, reflect.TypeFor[Relation]()},
		{"measurements", []string{"run_id"}, reflect.TypeFor[Measurement]()},
		{"predictions", []string{"model_id", "target"}, reflect.TypeFor[Prediction]()},
	}
}

// TableNamed returns the table with the given name.
func TableNamed(name string) (Table, error) {
	for _, t := range Tables() {
		if t.Name == name {
			return t, nil
		}
	}
	return Table{}, fmt.Errorf("no table %q", name)
}

// Schema returns the table's columns as Parquet's text form, for goldens and
// for the schema page.
func (t Table) Schema() string { return schemaOf(t.row).String() }

// tableOf returns the table whose rows are of type T.
func tableOf[T Row]() Table {
	rt := reflect.TypeFor[T]()
	for _, t := range Tables() {
		if t.row == rt {
			return t
		}
	}
	panic("data: no table for " + rt.Name())
}
