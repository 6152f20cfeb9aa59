"""Invented people and firms: one number gives always the same person.

Tax numbers have valid check digits and start with zeros (obviously test ones), phones are
9 0xxx-xxxx, e-mails @example.com.
"""

from dataclasses import dataclass

FIRST = [
    "Joana",
    "Pedro",
    "Carla",
    "Davi",
    "Elisa",
    "Fábio",
    "Heitor",
    "Íris",
    "José",
    "Kátia",
    "Luís",
    "Marta",
    "Nelson",
    "Olívia",
    "Paulo",
    "Quitéria",
    "Rafael",
    "Sônia",
    "Tiago",
    "Úrsula",
    "Vítor",
    "Wanda",
    "Xavier",
    "Yara",
    "Zeca",
    "Beatriz",
    "Caio",
    "Débora",
    "Érica",
    "Flávio",
    "Gisele",
    "Hugo",
    "Inês",
    "João",
    "Lara",
    "Mário",
    "Natália",
    "Otávio",
    "Patrícia",
    "Renato",
]
LAST = [
    "Almeida",
    "Barbosa",
    "Cardoso",
    "Dias",
    "Esteves",
    "Ferreira",
    "Gonçalves",
    "Henriques",
    "Inácio",
    "Jardim",
    "Lacerda",
    "Macedo",
    "Nogueira",
    "Oliveira",
    "Pacheco",
    "Queiroz",
    "Ramos",
    "Siqueira",
    "Tavares",
    "Uchôa",
    "Vasconcelos",
    "Xisto",
    "Zanetti",
    "Araújo",
    "Brandão",
    "Coelho",
    "Drummond",
]
MIDDLE = ("Teste", "Exemplo", "Modelo", "Amostra", "Padrão")
AREAS = ("11", "21", "31", "41", "51", "61", "71", "81")
TRADES = ("Comércio", "Distribuidora", "Academia", "Padaria", "Ferragens", "Modas", "Papelaria")
PLAIN = str.maketrans("áàâãéêíóôõúçÁÉÍÓÚÇ", "aaaaeeiooouc" + "AEIOUC")

FIRST_CONTACT, FIRST_CLIENT = 51000001, 70101
"""Ids of number 0: the same number is the same person at both vendors."""


@dataclass(frozen=True)
class Person:
    number: int
    first: str
    last: str
    area: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        plain = f"{self.first}.{self.last}".lower().replace(" ", ".").translate(PLAIN)
        return f"{plain}.{self.number}@example.com"

    @property
    def digits(self) -> str:
        return f"{self.area}9{self.number % 100_000_000:08d}"

    @property
    def phone(self) -> str:
        """E.164, as an integration writes it."""
        return f"+55{self.digits}"

    @property
    def local_phone(self) -> str:
        """As a clerk types it."""
        return f"({self.area}) {self.digits[2:7]}-{self.digits[7:]}"

    @property
    def cpf(self) -> str:
        return cpf(self.number + 100)


def person(number: int) -> Person:
    first = FIRST[number % len(FIRST)]
    last = LAST[(number // len(FIRST)) % len(LAST)]
    middle = MIDDLE[(number // 3) % len(MIDDLE)]
    return Person(number, first, f"{middle} {last}", AREAS[(number // 7) % len(AREAS)])


def firm_name(number: int) -> str:
    return f"{TRADES[number % len(TRADES)]} {LAST[number % len(LAST)]} {number} Exemplo Ltda"


def cpf(base: int) -> str:
    """kommo/Gestão Click show it with points; 00x.xxx.xxx-dd with valid digits."""
    digits = [int(c) for c in f"{base % 10_000_000:09d}"]
    for length in (10, 11):
        total = sum(d * w for d, w in zip(digits, range(length, 1, -1), strict=True))
        digits.append(total * 10 % 11 % 10)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def cnpj(base: int) -> str:
    digits = [int(c) for c in f"{base % 1_000_000:08d}0001"]
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        rest = sum(d * w for d, w in zip(digits, weights, strict=True)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    text = "".join(map(str, digits))
    return f"{text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"
