package main

import (
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
)

// predictors lists the predictors that evaluate offers each test row, in order.
func predictors() []record.Predictor {
	return []record.Predictor{ncnn.Predictor{}}
}
