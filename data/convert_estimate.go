package data

import (
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// PredictionRow returns the predictions row of an answer.
func PredictionRow(id string, t device.Target, p estimate.Prediction) Prediction {
	row := Prediction{
		ModelID: id, Target: t.Key(), Device: t.Device.Name, SoC: t.Device.SoC.Name, Runtime: t.Runtime, Delegate: string(t.Delegate),
		Threads: int64(t.Threads), Precision: string(t.Precision), BoundBy: p.BoundBy, Basis: string(p.Basis), EnergyBasis: string(p.EnergyBasis),
		Reason: p.Reason, ProfileHash: p.ProfileHash,
	}
	if p.LatencyMS.Known {
		row.LatencyMS, row.LatencyLoMS, row.LatencyHiMS = &p.LatencyMS.Value, &p.LatencyMS.Lo, &p.LatencyMS.Hi
	}
	if p.EnergyMJ.Known {
		row.EnergyMJ, row.EnergyLoMJ, row.EnergyHiMJ = &p.EnergyMJ.Value, &p.EnergyMJ.Lo, &p.EnergyMJ.Hi
	}
	if p.MemoryMB.Known {
		n := int64(p.MemoryMB.Value * 1e6)
		row.PeakMemoryBytes = &n
	}
	return row
}
