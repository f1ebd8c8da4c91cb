package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

func formatsCommand() *cobra.Command {
	var asJSON, asMarkdown bool
	c := &cobra.Command{
		Use:   "formats",
		Short: "List the model formats: what is read, how it is recognised, what is not read",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case asJSON:
				return formatsJSON(cmd)
			case asMarkdown:
				_, err := fmt.Fprint(cmd.OutOrStdout(), formatsMarkdown(all.Formats()))
				return err
			}
			w := table.NewWriter()
			w.SetStyle(table.StyleLight)
			w.AppendHeader(table.Row{"format", "extensions seen", "recognised by", "read", "not read"})
			w.SetColumnConfigs([]table.ColumnConfig{
				{Number: 2, WidthMax: 16, WidthMaxEnforcer: text.WrapSoft}, {Number: 3, WidthMax: 26, WidthMaxEnforcer: text.WrapSoft},
				{Number: 4, WidthMax: 40, WidthMaxEnforcer: text.WrapSoft}, {Number: 5, WidthMax: 30, WidthMaxEnforcer: text.WrapSoft},
			})
			w.Style().Options.SeparateRows = true
			for _, f := range all.Formats() {
				w.AppendRow(table.Row{f.Name, strings.Join(f.Extensions, " "), f.Magic, f.Reads, f.ReadsNot})
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), w.Render())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object per line")
	c.Flags().BoolVar(&asMarkdown, "markdown", false, "the table of the README")
	return c
}

func formatsJSON(cmd *cobra.Command) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	for _, f := range all.Formats() {
		err := enc.Encode(struct {
			Name       string   `json:"name"`
			Title      string   `json:"title"`
			Extensions []string `json:"extensions"`
			Magic      string   `json:"magic"`
			Container  string   `json:"container"`
			Reads      string   `json:"reads"`
			ReadsNot   string   `json:"reads_not"`
			Embedded   bool     `json:"found_inside_files"`
		}{f.Name, f.Title, f.Extensions, f.Magic, f.Container, f.Reads, f.ReadsNot, len(f.Embedded) > 0})
		if err != nil {
			return err
		}
	}
	return nil
}

// formatsMarkdown returns the README's table of formats; a test holds the
// README to it.
func formatsMarkdown(formats []format.Format) string {
	var b strings.Builder
	b.WriteString("| format | extensions seen | recognised by | container | read | not read |\n|---|---|---|---|---|---|\n")
	cell := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }
	for _, f := range formats {
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | %s | %s | %s |\n", cell(f.Title), f.Name, strings.Join(f.Extensions, ", "), cell(f.Magic), cell(f.Container), cell(f.Reads), cell(f.ReadsNot))
	}
	return b.String()
}
