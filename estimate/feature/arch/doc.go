// Package arch builds the networks behind the architecture strings of two
// published search spaces as graphs, so that they are costed by the same code
// as networks read from files.
//
// NAS-Bench-201 (Dong and Yang, 2020, arXiv:2001.00326): a cell of four nodes
// whose six edges each carry none, skip_connect, nor_conv_1x1, nor_conv_3x3 or
// avg_pool_3x3, written |op~0|+|op~0|op~1|+|op~0|op~1|op~2|. The network is a
// 3x3 stem of 16 channels on 32x32 pixels, three stages of five cells with 16,
// 32 and 64 channels, a residual block of stride 2 between stages, global
// pooling and a classifier of ten classes.
//
// FBNet (Wu et al., 2019, arXiv:1812.03443): 22 inverted-residual blocks,
// written k3_e6/skip/k5_e1_g2/..., in the form of HW-NAS-Bench (Li et al., 2021,
// arXiv:2103.10584) for 32x32 pixels: a 3x3 stem of 16 channels, the blocks, a
// 1x1 convolution of 1,504 channels with global pooling and a classifier of 100
// classes.
package arch
