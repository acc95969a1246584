"""
Templates and forms: what stands in a contract becomes what is sent.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.generate.body import RawNumber
from conformance.generate.forms import ABSENT, FORMS, Environment, MissingFact, fill, words

PARTS = {
    "text": {"type": "text", "text": "$text"},
    "image_url": {"type": "image_url", "image_url": {"url": "$url"}},
    "video_url": {"type": "video_url", "video_url": {"url": "$url"}},
}
FACTS = {"model": {"id": "m-1", "dimensions": [8, 16]}, "nothing": {"id": None}}
SEEN = {
    "$text", "$parts", "$repeat", "$append", "$outside", "$join", "$json", "$number", "$upper", "$cut", "$key",
    "$texts", "$whole", "$from",
}


def env(**variables: Any) -> Environment:
    return Environment(
        FACTS, PARTS, variables,
        image=lambda index, chars: f"https://i.example/{index}".ljust(chars or 0, "a"),
        video=lambda index: f"https://v.example/{index}",
        canary=lambda suffix: (f"token-{suffix}", f"https://c.example/{suffix}"),
        key=lambda options: f"key-{options.get('name', 'k')}",
    )


def kinds(parts: list[Any]) -> list[str]:
    return [part["type"] for part in parts]


def test_each_form_is_tested_here() -> None:
    assert SEEN == FORMS


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("$model.id", "m-1"),
        ("$model.dimensions", [8, 16]),
        ("$model.dimensions.1", 16),
        ("$n", 17),
        ("${KEY}", "${KEY}"),
        ("costs $5", "costs $5"),
        ("$key", "key-k"),
        ({"a": "$n", "b": ["$n", {"c": "$n"}]}, {"a": 17, "b": [17, {"c": 17}]}),
        ({"a": "$absent", "b": 1}, {"b": 1}),
        ({"$a": 1, "$b": 2}, {"$a": 1, "$b": 2}),
        (None, None),
        (True, True),
        (1.5, 1.5),
    ],
)
def test_a_template_is_filled(template: Any, value: Any) -> None:
    assert fill(template, env(n=17)) == value


def test_absent_alone_is_absent() -> None:
    assert fill("$absent", env()) is ABSENT


@pytest.mark.parametrize("name", ["stranger", "model.rate", "model.dimensions.2", "model.dimensions.x", "nothing.id", "model.id.x"])
def test_a_fact_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(MissingFact) as missing:
        fill({"deep": ["$" + name]}, env())
    assert missing.value.name == name


def test_what_a_server_said_is_never_taken_for_a_template() -> None:
    hostile = Environment({"model": {"id": "$absent", "dimensions": [{"$text": {"words": 3}}]}}, PARTS)
    assert fill("$model.id", hostile) == "$absent"
    assert fill("$model.dimensions", hostile) == [{"$text": {"words": 3}}]


@pytest.mark.parametrize("count", [0, 1, 2, 33, 3000])
def test_words_are_as_many_as_asked_for(count: int) -> None:
    text = fill({"$text": {"words": count}}, env())
    assert len(text.split()) == count
    assert text == words(count)


def test_words_may_be_other_words() -> None:
    assert fill({"$text": {"words": 3, "of": "日本 語"}}, env()) == "日本 語 日本"


@pytest.mark.parametrize("chars", [0, 1, 2, 3, 16, 257, 1001])
@pytest.mark.parametrize("of", ["a", "é", "ha ", "👩‍👩‍👧"])
def test_characters_are_as_many_as_asked_for(chars: int, of: str) -> None:
    assert len(fill({"$text": {"chars": chars, "of": of}}, env())) == chars
    if chars > 1:
        between = fill({"$text": {"chars": chars, "of": of, "between": ["x", "y"]}}, env())
        assert (len(between), between[0], between[-1]) == (chars, "x", "y")


def test_a_count_may_be_a_variable() -> None:
    assert fill({"$text": {"chars": "$n"}}, env(n=5)) == "aaaaa"


def test_parts_are_of_their_kinds() -> None:
    parts = fill({"$parts": {"text": 2, "image_url": 1, "video_url": 1}}, env())
    assert kinds(parts) == ["text", "text", "image_url", "video_url"]
    assert parts[2]["image_url"] == {"url": "https://i.example/0"}
    assert parts[3]["video_url"] == {"url": "https://v.example/0"}
    assert parts[0] != parts[1]


def test_parts_may_be_in_another_order() -> None:
    assert kinds(fill({"$parts": {"text": 1, "image_url": 2, "order": "image_url first"}}, env())) == ["image_url", "image_url", "text"]


def test_parts_may_have_a_total() -> None:
    parts = fill({"$parts": {"total": "$n", "image_url": 8}}, env(n=16))
    assert (len(parts), kinds(parts).count("image_url"), kinds(parts).count("text")) == (16, 8, 8)
    assert len(fill({"$parts": {"total": 17, "canary": 8}}, env())) == 17


def test_parts_may_hold_many_words() -> None:
    parts = fill({"$parts": {"text": 3, "words": 50}}, env())
    assert [len(part["text"].split()) for part in parts] == [51, 51, 51]
    assert len({part["text"] for part in parts}) == 3


def test_an_url_may_have_a_length() -> None:
    (part,) = fill({"$parts": {"image_url": 1, "url_chars": 2048}}, env())
    assert len(part["image_url"]["url"]) == 2048


def test_a_canary_leaves_its_token() -> None:
    surroundings = env()
    parts = fill({"$parts": {"canary": 2, "canary_video": 1}}, surroundings)
    assert kinds(parts) == ["image_url", "image_url", "video_url"]
    assert len(surroundings.tokens) == 3
    assert "canary" in surroundings.used


def test_a_part_of_no_kind_is_a_fault_of_the_contract() -> None:
    with pytest.raises(KeyError):
        fill({"$parts": {"audio": 1}}, env())


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"$repeat": {"item": "$n", "times": 3}}, [17, 17, 17]),
        ({"$repeat": {"item": "x", "times": "$n"}}, ["x"] * 17),
        ({"$append": [["a"], "b", {"$repeat": {"item": "c", "times": 2}}]}, ["a", "b", "c", "c"]),
        ({"$join": ["$model.id", "-", "$n"]}, "m-1-17"),
        ({"$json": '"a\\ud800b"'}, "a\ud800b"),
        ({"$json": '{"a": [1]}'}, {"a": [1]}),
        ({"$upper": "$model.id"}, "M-1"),
        ({"$cut": "$model.id"}, "m-"),
        ({"$key": {"name": "other"}}, "key-other"),
    ],
)
def test_a_form_builds_its_value(form: Any, value: Any) -> None:
    assert fill(form, env(n=17)) == value


@pytest.mark.parametrize("spelling", ["1e400", "1024.0", "NaN", "-0", "123456789012345678901234567890"])
def test_a_number_keeps_its_spelling(spelling: str) -> None:
    number = fill({"$number": spelling}, env())
    assert isinstance(number, RawNumber) and number == spelling


def test_outside_holds_nothing_of_the_list() -> None:
    outside = fill({"$outside": "$model.dimensions"}, env())
    assert not {8, 16} & set(outside)
    assert {7, 9, 15, 17, 12, 32, 1} <= set(outside)
    assert all(isinstance(value, int) and value > 0 for value in outside)
    assert len(outside) == len(set(outside))


@pytest.mark.parametrize("listed", [[], ["large"], [None]])
def test_outside_of_no_numbers_is_missing(listed: list[Any]) -> None:
    with pytest.raises(MissingFact):
        fill({"$outside": "$listed"}, env(listed=listed))


def test_texts_are_as_many_as_asked_for_and_all_different() -> None:
    made = fill({"$texts": {"count": 2048}}, env())
    assert len(made) == len(set(made)) == 2048
    assert {len(text.split()) for text in made} == {3}


@pytest.mark.parametrize("length", [2, 3, 5, 31])
def test_texts_have_the_words_that_they_are_to_have(length: int) -> None:
    made = fill({"$texts": {"count": 9, "words": length}}, env())
    assert [len(text.split()) for text in made] == [length] * 9


def test_texts_may_have_lengths_in_turn() -> None:
    made = fill({"$texts": {"count": 7, "words": [31, "$n", 33]}}, env(n=32))
    assert [len(text.split()) for text in made] == [31, 32, 33, 31, 32, 33, 31]
    assert len(set(made)) == 7


def test_one_of_the_texts_is_the_one_that_stands_among_them() -> None:
    options = {"count": 33, "words": [6, 9]}
    made = fill({"$texts": options}, env())
    assert [fill({"$texts": {**options, "only": index}}, env()) for index in range(33)] == made


def test_texts_may_begin_otherwise_and_be_as_many_as_a_variable_says() -> None:
    made = fill({"$texts": {"count": "$n", "of": "Row", "words": 2}}, env(n=3))
    assert made == ["Row 1", "Row 2", "Row 3"]


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"of": 10}, 10),
        ({"of": "$n"}, 17),
        ({"of": "$n", "times": 0.5}, 8),
        ({"of": "$n", "plus": 1}, 18),
        ({"of": "$n", "times": 2, "plus": -4}, 30),
        ({"of": "$model.dimensions.1", "times": 0.5}, 8),
        ({"of": "$n", "over": 5}, 3),
        ({"of": "$n", "modulo": 5}, 2),
        ({"of": "$n", "most": 5}, 5),
        ({"of": "$n", "times": 2, "most": 1000}, 34),
        ({"of": "$n", "modulo": 5, "plus": "$n"}, 19),
        ({"of": 300_000, "over": {"$whole": {"of": 300_000, "over": 8_192, "plus": 1}}}, 8_108),
    ],
)
def test_a_whole_number_is_reckoned_from_another(options: dict[str, Any], value: int) -> None:
    made = fill({"$whole": options}, env(n=17))
    assert (made, type(made)) == (value, int)


def test_a_number_to_reckon_from_may_be_missing() -> None:
    with pytest.raises(MissingFact, match=r"plain\.width"):
        fill({"$whole": {"of": "$plain.width"}}, env())


def test_what_an_earlier_answer_tells_leaves_a_mark() -> None:
    assert fill({"id": {"$from": "step:upload:body:/id"}}, env()) == {"id": "%{step:upload:body:/id}"}
    assert fill({"$join": ["a-", {"$from": "step:upload:body:/id"}]}, env()) == "a-%{step:upload:body:/id}"
