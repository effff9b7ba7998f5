"""Colours of code, those of the report's pages."""

from pygments.style import Style
from pygments.token import Comment, Error, Generic, Keyword, Name, Number, Operator, String, Token


def _style(ground: str, text: str, keyword: str, string: str, number: str, comment: str, prompt: str) -> type[Style]:
    styles = {
        Token: text, Error: text, Name: text, Operator: text, Keyword: keyword, Operator.Word: keyword, Name.Decorator: keyword,
        String: string, Number: number, Comment: f"italic {comment}", Generic.Prompt: prompt, Generic.Output: text,
    }  # fmt: skip
    return type("Colours", (Style,), {"background_color": ground, "styles": styles})


Light = _style("#f5f7fa", "#17202b", "#8a2f8f", "#0b6b3a", "#1b5fae", "#5d6876", "#5d6876")
Dark = _style("#18202a", "#e6ebf1", "#d79be0", "#8fd6a8", "#8fc0f5", "#97a3b1", "#97a3b1")
