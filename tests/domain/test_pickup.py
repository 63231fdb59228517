"""A code opens one fulfillment order, and what is kept of it opens none."""

from domain.pickup import LETTERS, code_hash, is_code, new_code

WORK, OTHER = "01M82QRRB5PPBN5W749KADB2BM-1", "01M82QRRB5PPBN5W749KADB2BM-2"


def test_a_code_is_right_however_it_is_written_and_for_one_fulfillment_order_only() -> None:
    code = new_code()
    kept = code_hash(WORK, code)

    assert all(is_code(WORK, said, kept) for said in (code, code.lower(), f" {code[:4]}-{code[4:]} "))
    assert not is_code(OTHER, code, kept)
    assert not is_code(WORK, kept, kept)
    assert not is_code(WORK, "", kept)


def test_no_code_comes_twice_and_none_has_letters_that_are_mistaken() -> None:
    codes = {new_code() for _ in range(1_000)}

    assert len(codes) == 1_000
    assert set("".join(codes)) <= set(LETTERS)
    assert not set("01OIL") & set(LETTERS)
