"""A pickup code fits one fulfillment order, and its stored hash opens none."""

from domain.pickup import LETTERS, code_hash, is_code, new_code

WORK, OTHER = "01M82QRRB5PPBN5W749KADB2BM-1", "01M82QRRB5PPBN5W749KADB2BM-2"


def test_a_code_fits_one_fulfillment_order_however_it_is_typed() -> None:
    code = new_code()
    kept = code_hash(WORK, code)

    assert all(is_code(WORK, said, kept) for said in (code, code.lower(), f" {code[:4]}-{code[4:]} "))
    assert not is_code(OTHER, code, kept)
    assert not is_code(WORK, kept, kept)
    assert not is_code(WORK, "", kept)


def test_codes_are_unique_and_have_no_ambiguous_letters() -> None:
    codes = {new_code() for _ in range(1_000)}

    assert len(codes) == 1_000
    assert set("".join(codes)) <= set(LETTERS)
    assert not set("01OIL") & set(LETTERS)
