"""Descriptors of texts by Evidently: `.venvs/evidently/bin/python test/golden/make_text.py`. Writes text.json beside it."""
import json
import random
from importlib.metadata import version
from pathlib import Path

from evidently.legacy.features.non_letter_character_percentage_feature import NonLetterCharacterPercentage
from evidently.legacy.features.OOV_words_percentage_feature import OOVWordsPercentage
from evidently.legacy.features.sentence_count_feature import SentenceCount
from evidently.legacy.features.text_length_feature import TextLength
from evidently.legacy.features.word_count_feature import WordCount

words = "the quick Brown fox jumps over a lazy dog delay gate 42 3.14 don't state-of-the-art e.g. Mr. Smith U.S.A. flight-late? really! A1 b2b ... , ; (late) & x_y 100% late. gate. why? end.".split()
vocabulary = "the quick brown fox jumps over a lazy dog delay gate late dont really end why mr".split()
rng = random.Random(7)
texts = [" ".join(rng.choice(words) for _ in range(rng.randint(1, 14))) for _ in range(160)]
texts += ["a", " ", "  two  spaces  ", ".", "?", "One. Two? Three! Four.", "Mr. Smith left. He was late.", "i.e. this", "12345", "naïve café", "🚀 to the moon"]


class Same:
    """A lemmatizer that leaves words as they are: NLTK's needs a download."""

    def lemmatize(self, word: str) -> str:
        return word


oov = OOVWordsPercentage("text")
oov._lem = Same()
oov._eng_words = set(vocabulary)
made = {"textLength": TextLength("text"), "wordCount": WordCount("text"), "sentenceCount": SentenceCount("text"), "nonLetterPercentage": NonLetterCharacterPercentage("text"), "oovPercentage": oov}
out = {"versions": {"evidently": version("evidently")}, "vocabulary": vocabulary, "texts": texts, "descriptors": {name: [feature.apply(text) for text in texts] for name, feature in made.items()}}
(Path(__file__).parent / "text.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
