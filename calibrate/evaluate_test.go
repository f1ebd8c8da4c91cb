package calibrate_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// meanOf answers rows of one processor by the mean of the training rows.
type meanOf struct {
	processor string
	fail      error
}

func (m meanOf) Name() string              { return "mean-" + m.processor }
func (m meanOf) Claims(r *record.Row) bool { return r.Processor == m.processor }
func (m meanOf) Predict(_ context.Context, f *record.Fold, _ *record.Env) ([]record.Prediction, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	s := 0.0
	for _, r := range f.Train {
		s += r.Value / float64(len(f.Train))
	}
	var out []record.Prediction
	for i := range f.Test {
		v := s + float64(len(f.Given))
		if f.Test[i].Model == "bad" {
			v = math.NaN()
		}
		out = append(out, record.Prediction{Case: f.Test[i].Case, RowID: f.Test[i].ID, Value: v, Lo: v / 2, Hi: math.Inf(1)})
	}
	return out, nil
}

func writeFold(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func folds(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	train := "row_id,processor,model,run_id,value\na,cpu,m,r,2\nb,cpu,n,r,4\n"
	writeFold(t, filepath.Join(dir, "task", "f1"), map[string]string{"train.csv": train,
		"test.csv": "case,row_id,processor,model,run_id\nc,x,cpu,m,q\nc,y,gpu,m,q\nc,z,npu,m,q\nc,w,cpu,bad,q\n"})
	writeFold(t, filepath.Join(dir, "other", "deeper", "f0"), map[string]string{"train.csv": train,
		"given.csv": "case,row_id,processor,model,run_id,value\nd,g,cpu,m,q,1\n", "test.csv": "case,row_id,processor,model,run_id\nd,x,cpu,m,q\n"})
	writeFold(t, filepath.Join(dir, "empty"), map[string]string{"train.csv": train})
	return dir
}

func TestEvaluate_answersInFoldOrderByFirstClaim(t *testing.T) {
	rows, missing := 0, 0
	preds, err := calibrate.Evaluate(context.Background(), calibrate.Options{Folds: folds(t), Env: &record.Env{},
		Predictors: []record.Predictor{meanOf{processor: "cpu"}, meanOf{processor: "gpu"}},
		Progress:   func(s calibrate.Step) { rows += s.Rows; missing += s.Missing }})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := calibrate.WritePredictions(&b, preds); err != nil {
		t.Fatal(err)
	}
	want := "case,row_id,pred_ms,lo_ms,hi_ms\nd,x,4,2,80\nc,x,3,1.5,60\nc,y,3,1.5,60\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if rows != 3 || missing != 2 {
		t.Errorf("progress: %d rows, %d missing; want 3 and 2", rows, missing)
	}
}

func TestEvaluate_namesFoldAndPredictorOfAnError(t *testing.T) {
	cause := errors.New("no luck")
	_, err := calibrate.Evaluate(context.Background(), calibrate.Options{Folds: folds(t), Env: &record.Env{},
		Predictors: []record.Predictor{meanOf{processor: "gpu", fail: cause}}})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), `fold "f1"`) || !strings.Contains(err.Error(), "mean-gpu") {
		t.Errorf("got %v", err)
	}
}

// broken panics on every fold.
type broken struct{ meanOf }

func (broken) Predict(context.Context, *record.Fold, *record.Env) ([]record.Prediction, error) {
	panic("no graph")
}

func TestEvaluate_restAnswersWhatOthersLeaveOrFailOn(t *testing.T) {
	dir := t.TempDir()
	writeFold(t, filepath.Join(dir, "f"), map[string]string{"train.csv": "row_id,processor,model,run_id,value,metric,unit\na,any,m,r,2,latency,ms\nb,any,n,r,4000,latency,us\n",
		"test.csv": "case,row_id,processor,model,run_id,metric,unit\nc,x,cpu,m,q,latency,s\nc,y,gpu,m,q,latency,ms\nc,z,any,m,q,,\n"})
	var step calibrate.Step
	preds, err := calibrate.Evaluate(context.Background(), calibrate.Options{Folds: dir, Env: &record.Env{}, Rest: meanOf{processor: "any"},
		Predictors: []record.Predictor{broken{meanOf{processor: "cpu"}}, meanOf{processor: "gpu", fail: errors.New("no luck")}},
		Progress:   func(s calibrate.Step) { step = s }})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, p := range preds {
		got[p.RowID] = p.Value
	}
	if len(got) != 3 || got["x"] != .003 || got["y"] != 3 || got["z"] != 3 {
		t.Errorf("got %v, want the mean of 3 ms for every row, in its unit", got)
	}
	if step.Rest != 3 || step.Missing != 0 || len(step.Failed) != 2 || !errors.Is(step.Failed[0], calibrate.ErrPanic) {
		t.Errorf("step: %d answered by the rest, %d missing, failed %v", step.Rest, step.Missing, step.Failed)
	}
}

func TestFindFolds_missingFolder(t *testing.T) {
	if _, err := calibrate.FindFolds(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error")
	}
}

func TestReadFold_needsTestRows(t *testing.T) {
	if _, err := calibrate.ReadFold(t.TempDir()); err == nil {
		t.Error("no error for a folder without test.csv")
	}
}
