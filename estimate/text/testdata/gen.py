#!/usr/bin/env python3
"""Makes the tokenizer fixtures and oracle.json. Needs the PyPI packages tokenizers (0.23.3) and sentencepiece.

The vocabularies are trained on ../sample.txt, which was written for this project. oracle.json holds, for every fixture that the package
claims to count exactly, the number of tokens the reference library finds in each string, special tokens included.
"""
import io, json, os, unicodedata
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

HERE = os.path.dirname(os.path.abspath(__file__))
lines = open(os.path.join(HERE, '..', 'sample.txt'), encoding='utf-8').read().splitlines()
SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']


def wordpiece(lowercase):
    t = Tokenizer(models.WordPiece(unk_token='[UNK]'))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=700, special_tokens=SPECIAL, show_progress=False))
    t.post_processor = processors.TemplateProcessing(single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B:1 [SEP]:1', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    t.decoder = decoders.WordPiece()
    return t


def bpe():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=600, special_tokens=['<|endoftext|>'], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.decoder = decoders.ByteLevel()
    return t


def unigram():
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(lines, trainers.UnigramTrainer(vocab_size=300, special_tokens=['<unk>'], unk_token='<unk>', show_progress=False))
    return t


STRINGS = lines + [
    '', ' ', 'hello', 'Hello, World!', 'naïve café crème brûlée', 'ÅNGSTRÖM Übergröße', 'tab\tand\nnewline', 'no\u00a0break\u2009thin', 'zero\u200bwidth\u200djoin',
    'line\u2028separator\u2029paragraph', '日本語のテキスト', 'Привет, как дела?', '한국어 텍스트', 'مرحبا بالعالم', 'हिन्दी पाठ', '🙂👍🏽 ok', "don't can't won't", '3.14 + 2 = 5.14',
    'e-mail: a.b@example.org', 'http://example.org/path?q=1&r=2', 'a' * 150, '... !!! ???', 'x\x00y\x7fz', 'ﬁne ligature', 'Ⅳ roman', '１２３ full width', 'İstanbul ıssız', 'A\u0301 combining',
    '[CLS] literal', 'price €12,50', 'CamelCaseWord snake_case_word', '\u202eright to left', 'soft\u00adhyphen', 'ß ẞ', '\ufeffbom',
]

uncased, cased, byte = wordpiece(True), wordpiece(False), bpe()
out = {'strings': STRINGS}
for name, t in (('wordpiece_uncased', uncased), ('wordpiece_cased', cased), ('bytelevel_bpe', byte)):
    t.save(os.path.join(HERE, name + '.json'), pretty=False)
    out[name] = [len(t.encode(s).ids) for s in STRINGS]
with open(os.path.join(HERE, 'vocab.txt'), 'w', encoding='utf-8') as f:
    f.writelines(w + '\n' for w, _ in sorted(uncased.get_vocab().items(), key=lambda p: p[1]))
out['vocab'] = out['wordpiece_uncased']
plain = unigram()
plain.save(os.path.join(HERE, 'unigram.json'), pretty=False)
out['unigram'] = [len(plain.encode(s).ids) for s in STRINGS]


def sentencepiece_model(name, **options):
    """Trains a model, records its counts, and writes it without the table of its normaliser, whose name says the same."""
    f = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=f, minloglevel=2, **options)
    p = sentencepiece.SentencePieceProcessor(model_proto=f.getvalue())
    out[name] = [len(p.encode(s)) for s in STRINGS]
    m = sentencepiece_model_pb2.ModelProto()
    m.ParseFromString(f.getvalue())
    m.normalizer_spec.precompiled_charsmap = b''
    open(os.path.join(HERE, name + '.model'), 'wb').write(m.SerializeToString())


sentencepiece_model('spiece', vocab_size=150, normalization_rule_name='identity')
sentencepiece_model('spiece_nfkc', vocab_size=200)
sentencepiece_model('spiece_bpe', vocab_size=400, model_type='bpe', byte_fallback=True)
sentencepiece_model('spiece_cased_bpe', vocab_size=150, model_type='bpe', normalization_rule_name='nmt_nfkc_cf')
json.dump(out, open(os.path.join(HERE, 'oracle.json'), 'w', encoding='utf-8'), ensure_ascii=True, indent=0)
