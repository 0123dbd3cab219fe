"""A few made-up rows in the form of ESCO's tables, with what makes them hard: quoted line breaks, repeated labels."""

from __future__ import annotations

from pathlib import Path

GROUPS = """\
conceptType,conceptUri,code,preferredLabel,status,altLabels,inScheme,description
ISCOGroup,http://data.europa.eu/esco/isco/C512,512,Koks,released,,"http://data.europa.eu/esco/one,
http://data.europa.eu/esco/two",
ISCOGroup,http://data.europa.eu/esco/isco/C5120,5120,Koks,released,,http://data.europa.eu/esco/one,"Bereiden
maaltijden, warm en koud"
ISCOGroup,http://data.europa.eu/esco/isco/C132,132,Leidinggevenden in de industrie,released,,,
ISCOGroup,http://data.europa.eu/esco/isco/C1321,1321,Productiemanagers,released,,,
ISCOGroup,http://data.europa.eu/esco/isco/C1323,1323,Bouwmanagers,released,,,
"""

OCCUPATIONS = '''\
conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,hiddenLabels,status,modifiedDate,definition,code
Occupation,http://data.europa.eu/esco/occupation/aaaa-1,5120,kok,"kokkin
Kok
chef
kok, ""zelfstandig werkend""",hulpchef,released,2024-01-25T11:28:50.295Z,,5120.1
Occupation,http://data.europa.eu/esco/occupation/aaaa-2,5120,dieetkok,"kok
chef
dieetkok;",,released,2024-01-25T11:28:50.295Z,"eerste regel
tweede regel",5120.2
Occupation,http://data.europa.eu/esco/occupation/aaaa-3,1323,bouwmanager,,,released,,,1323.1
Occupation,http://data.europa.eu/esco/occupation/aaaa-4,1321,fabrieksmanager,,,released,,,1321.1
Occupation,http://data.europa.eu/esco/occupation/aaaa-5,5120,scheepskok,,,obsolete,,,5120.3
'''


def write_tables(folder: Path, occupations: str = OCCUPATIONS, groups: str = GROUPS) -> Path:
    """Both files in `folder`, which is made; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "occupations_nl.csv").write_text(occupations, encoding="utf-8")
    (folder / "ISCOGroups_nl.csv").write_text(groups, encoding="utf-8")
    return folder
