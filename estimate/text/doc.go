// Package text turns text workloads into what a network is run on: words become tokens, tokens become sequence lengths and a number of
// inferences, and those become a cost per word and per day.
//
// Tokens are counted with the model's own vocabulary where that is possible. Three answers exist, and every count says which it is:
//
//   - exact: WordPiece (a tokenizer.json, or a BERT vocab.txt) with the text normalised first as the reference does it;
//   - approximate: byte-level BPE and word-level vocabularies, which the library behind this package splits slightly differently from
//     the reference (3 % of test strings), and SentencePiece models and Unigram vocabularies, which the library refuses and this package
//     cuts itself (as the reference on all test strings, but without the normaliser's own table); given with a margin;
//   - rate: no usable vocabulary, so a rate of tokens per word stands in, with a wide margin.
//
// Tokenizer files come out of apps and are not to be trusted. The library can panic, loop or end the whole process on a hostile file, so
// such a file is only ever given to it in a child process: the caller gives a command that runs Serve, and a child that dies costs one rate
// answer and nothing else. This package is the only one that imports the library.
package text
