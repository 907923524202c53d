"""Presidio as what recognises personal data, in place of the built-in forms: ``pip install 'helix-dash[presidio]'``.

Its language engine is a blank one, so no model is needed and no names are found; and it never touches the network: the
list of public suffixes, which it would fetch at the first e-mail address, is the one that comes with the package.
"""

from __future__ import annotations

from helix_dash.errors import SettingError
from helix_dash.redaction.masking import Engine
from helix_dash.redaction.recognizers import Found, apart


def presidio() -> Engine:
    """An engine of its own; making one takes some seconds and about 120 MB.

    Raises:
        SettingError: Presidio is not installed.
    """
    try:
        import spacy
        import tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError as error:
        raise SettingError(
            "PII_ENGINE=presidio needs the extra: pip install 'helix-dash[presidio]', or set PII_ENGINE=builtin."
        ) from error

    class Blank(SpacyNlpEngine):  # type: ignore[misc]
        """Splits words, and knows nothing of them."""

        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing is loaded: a model would be downloaded."""

        def is_loaded(self) -> bool:
            return True

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    words = Blank()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=words)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=words, supported_languages=["en"])

    def found(text: str) -> list[Found]:
        results = analyzer.analyze(text=text, language="en")
        return apart([Found(one.start, one.end, one.entity_type, one.score) for one in results])

    return found
