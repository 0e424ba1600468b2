"""Fifty ideas for films in six languages and ten in five more, as people write them; some have heroes that the paper-cut world cannot draw."""

IDEAS = """
a little red boat looks for the moon
An old lighthouse keeper who wants to see the stars
Mia finds a lost dog in the forest
A dragon learns to fly
a cat and a dog race through the city at night
Where is the moon? asks a little owl
A lonely snowman meets a blue bird in winter
Two yellow ducks are afraid of the storm
A teapot dreams of the sea
The brave bicycle climbs the highest mountain
A purple balloon wants to visit the desert
a whale who sings at sunset
A boy named Tom and his kite on the beach
Ein kleines rotes Boot sucht den Mond
Ein Schneemann namens Otto möchte das Meer sehen
Der mutige Drache lernt fliegen
Ein Hase bringt seiner Oma einen Kuchen durch den Wald
Die alte grüne Lokomotive fährt ein letztes Mal ans Meer
Zwei Enten suchen im Nebel den Weg nach Hause
Ein einsamer Leuchtturmwärter findet einen Freund
Eine Katze jagt nachts einen gelben Schmetterling in der Stadt
Ein Fuchs will den Regenbogen fangen
Un petit bateau rouge cherche la lune
Une vieille locomotive verte veut voir la mer une dernière fois
Un chat noir se promène la nuit dans la ville
Une petite fille cherche son chien sous la pluie
Un renard timide rencontre un oiseau bleu dans la forêt
Le ballon jaune rêve de traverser les montagnes
Un robot apprend à danser
Una barca roja busca la luna
Un dragón tímido busca un amigo en las montañas
Una niña pierde su globo azul en la playa
El viejo tren quiere ver el mar
Un pez naranja quiere volar
Un perro blanco vuelve a casa en la nieve
La pequeña tortuga viaja al océano
Una barchetta rossa cerca la luna
Un orsetto vuole imparare a volare
Un gatto nero ha paura del temporale
Il vecchio pescatore sogna una balena bianca
Una farfalla gialla attraversa il deserto
Un pupazzo di neve vuole vedere la primavera
La macchina verde vince la gara in città
Um barquinho vermelho procura a lua
Um menino procura o seu cachorro na praia
Uma borboleta azul sonha com o mar
O velho trem verde viaja para as montanhas
Um pinguim quer aprender a voar
Um pato amarelo tem medo da tempestade
Uma baleia ajuda um barco perdido no nevoeiro
""".strip().splitlines()
"""English, German, French, Spanish, Italian, Portuguese."""

MORE = """
Een klein rood bootje zoekt de maan
De vos wil de sterren zien
Mała czerwona łódka szuka księżyca
Niedźwiedź chce zobaczyć morze
Маленькая красная лодка ищет луну
Белый кот боится грозы
一只红色的小船寻找月亮
小狐狸想看大海
小さな赤い船が月を探す
ペンギンは空を飛びたい
""".strip().splitlines()
"""Dutch, Polish, Russian, Chinese, Japanese."""
