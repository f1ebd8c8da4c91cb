// Package regress is the numeric core of the predictors: Gaussian conditioning with leave-block-out results from one inverse,
// non-negative least squares, ridge regression and weighted quantiles. The predictors of one world each live in the folders below.
package regress
