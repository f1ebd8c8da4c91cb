package meter

import "time"

// Recorder is how a meter that a phone carries is read while a program runs: commands of the phone's own shell, in a working folder of
// their own.
type Recorder struct {
	Name string
	// Start returns the command that begins to record in the background and returns at once. What it starts ends by itself after the limit,
	// whatever becomes of the cable. It may set shell variables for Stop.
	Start func(limit time.Duration) string
	// Stop ends the recording and waits until its files are whole.
	Stop string
	// Files are what was recorded: names in the working folder, or paths elsewhere on the phone.
	Files []string
	// Parse reads those files, in that order; a file that was not there is nil.
	Parse func(files [][]byte) (*Trace, error)
}
