package main

import (
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/hub"
	"github.com/gaugenn/gaugenn/estimate/regress/kernel"
	"github.com/gaugenn/gaugenn/estimate/regress/nas"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
)

// predictors lists the predictors that evaluate offers each test row, in order.
func predictors() []record.Predictor {
	return []record.Predictor{ncnn.Predictor{}, hub.Predictor{}, nas.Predictor{}, kernel.Predictor{}}
}
