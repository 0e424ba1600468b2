"""How things are, where and when, and what is done and wished, in eleven languages. Data only; how a row is read is told in `engine.movie.planner.vocabulary`."""

from __future__ import annotations

LOOKS_TABLE = """
red = colour red | rot, rote*, roter | rouge* | roj* | ross* | vermelh* | rood, rode | czerwon* | красн* | 红色, 红 | 赤い, 赤
orange = colour orange | orange, orangefarben*, orangene* | orange, orangé* | naranja*, anaranjad* | arancion* | laranja, alaranjad* | oranje | pomarańczow* | оранжев*, рыж* | 橙色, 橘色 | オレンジ
yellow = colour yellow | gelb*, goldgelb* | jaune* | amarill* | giall* | amarel* | geel, gele | żółt* | желт* | 黄色, 黄 | 黄色い, 黄色
green = colour green | grün* | vert, verte* | verde* | verd* | verde* | groen* | zielon* | зелен* | 绿色, 绿 | 緑の, 緑
blue = colour blue | blau* | bleu* | azul* | blu, azzurr* | azul, azuis | blauw* | niebiesk*, błękit* | син*, голуб* | 蓝色, 蓝 | 青い, 青
purple = colour purple | lila, violett* | violet*, mauve | morad*, violeta | viola | rox* | paars* | fioletow* | фиолетов* | 紫色, 紫 | 紫
pink = colour pink | rosa, rosafarben*, pink* | rose bonbon, rosé | rosado*, rosada* | rosa confetto | cor de rosa | roze | różow* | розов* | 粉色, 粉红 | ピンク
brown = colour brown | braun* | brun*, marron | marrón, castañ* | marron* | marrom, castanh* | bruin* | brązow* | коричнев*, бур* | 棕色, 褐色 | 茶色
white = colour white | weiß* | blanc, blanche*, blancs | blanc* | bianc* | branc* | wit, witte | biał* | бел, белый, белая, белое, белого, белую, белые | 白色, 白 | 白い, 白
black = colour black | schwarz* | noir* | negr* | nero, nera, neri | pret*, negr* | zwart* | czarn* | черн* | 黑色, 黑 | 黒い, 黒
grey = colour grey | grau* | gris, grise* | gris, grises | grigi* | cinza, cinzent* | grijs, grijze | szar* | сер, серый, серая, серое, серого, серую | 灰色, 灰 | 灰色
turquoise = colour turquoise | türkis* | turquoise* | turquesa | turchese | turquesa | turkoois, turquoise | turkus* | бирюзов* | 青绿 | 水色
silver = colour grey | silbern*, silber* | argenté* | platead* | argentat* | pratead* | zilver* | srebrn* | серебр* | 银色 | 銀色
golden = colour yellow | golden*, goldene* | doré* | dorad* | dorat* | dourad* | gouden | złot* | золот* | 金色 | 金色
small = size small | klein*, winzig* | petit* | pequeñ*, chiquit* | piccol*, piccin* | pequen* | klein, kleine, kleintje | mał*, malutk* | маленьк*, крошечн* | 小小的, 小 | 小さな, 小さい
big = size large | groß* | grand, grande, grands, grandes, énorme | gran, grande* | grand* | grande* | groot, grote | duż*, wielk* | больш*, огромн* | 巨大, 大 | 大きな, 大きい
old = quality old | alt, alte, alter, altes, alten | vieux, vieil, vieille | viej*, ancian* | vecchi*, anzian* | velh*, idos* | oud, oude | star, stary, stara, stare | стар* | 老, 旧 | 年老いた, 古い, 老いた
young = quality young | jung, junge, junger, junges | jeune* | joven* | giovan* | jovem, jovens | jong, jonge | młod* | молод*, юн* | 年轻 | 若い
brave = quality brave | mutig*, tapfer* | courageu*, brave* | valient* | coraggios* | corajos*, valent* | dapper*, moedig* | dzieln*, odważn* | храбр*, смел*, отважн* | 勇敢 | 勇敢な
lonely = quality lonely | einsam* | solitaire*, seul, seule | solitari* | solitari* | solitári*, sozinh* | eenzame, eenzaam | samotn* | одинок* | 孤独, 孤单 | 寂しい, 孤独な
curious = quality curious | neugierig* | curieu* | curios* | curios* | curios* | nieuwsgierig* | ciekawsk* | любопытн* | 好奇 | 好奇心
shy = quality shy | schüchtern* | timide* | tímid* | timid* | tímid* | verlegen | nieśmiał* | застенчив*, робк* | 害羞 | 恥ずかしがり
tired = quality tired | müde* | fatigué* | cansad* | stanc* | cansad* | moe, moede | zmęczon* | устал* | 疲惫 | 疲れた
sad = quality sad | traurig* | triste* | triste* | trist* | triste* | verdrietig*, droevig | smutn* | грустн*, печальн* | 悲伤, 难过 | 悲しい
happy = quality happy | fröhlich*, glücklich*, lustig* | heureu*, joyeu*, gai, gaie | feliz, alegre* | felice, felici, allegr* | feliz, alegre* | vrolijk*, blij* | wesoł*, szczęśliw* | весел*, счастлив* | 快乐, 开心 | 楽しい, 幸せな
clever = quality clever | schlau*, klug* | malin, maligne, rusé* | list*, astut* | furb*, astut* | espert* | slimme, slim | mądr*, sprytn* | умн*, хитр* | 聪明 | 賢い
gentle = quality gentle | sanft*, lieb* | dou*, gentil* | amable*, tiern* | gentil*, dolc* | gentil, gentis, doce | zachte, lieve | łagodn*, miły | добр*, нежн* | 温柔, 善良 | 優しい, やさしい
lost = quality lost | verloren*, verirrt* | perdu* | perdid* | perdut*, smarrit* | perdid* | verdwaald*, verloren | zagubion* | потеря*, заблуд* | 迷路的, 丢失 | 迷子の
last = quality last | letzte* | dernier*, dernière | último*, última* | ultim* | último*, última* | laatste | ostatni* | последн* | 最后 | 最後の
magic = quality magic | magisch*, verzaubert* | magique* | mágic* | magic*, magich* | mágic* | magisch*, betoverd* | magiczn* | волшебн* | 神奇, 魔法 | 魔法の
hidden = quality hidden | versteckt*, verborgen* | caché* | escondid* | nascost* | escondid* | verborgen | ukryt* | спрятан* | 隐藏 | 隠された
two = count 2 | zwei, beide* | deux | dos | due | dois, duas | twee | dwa, dwie, dwaj | два, две, двое | 两 | 二匹, 二つ, 二人, 二羽
three = count 3 | drei | trois | tres | tre | três | drie | trzy, trzej | три, трое | 三 | 三匹, 三つ, 三人, 三羽
"""
"""English adjective or number = field value | words in de, fr, es, it, pt, nl, pl, ru, zh, ja."""

SCENES_TABLE = """
the sea = place sea | meer, see, meeres, ozean*, hochsee | mer, océan* | mar, océano* | mare, oceano | mar, oceano* | zee, oceaan | morze, morza, morzu, ocean* | мор*, океан* | 大海, 海洋, 海上, 海 | 海, 大海原
the harbour = place sea | hafen, hafens | port | puerto | porto | porto | haven | port, portu, porcie | порт, гавань, гавани | 港口 | 港
the beach = place beach | strand*, küste*, ufer des meeres | plage*, côte | playa*, costa | spiaggia, spiagge, costa | praia*, costa | strand, kust | plaż*, wybrzeż* | пляж*, берег моря | 沙滩, 海滩 | 砂浜, 浜辺
the river = place river | fluss*, flüsse, bach, bachs | fleuve, rivière*, ruisseau | río, ríos, arroyo | fiume, ruscello | rio, rios, riacho | rivier*, beek | rzek*, strumy* | река, реки, реке, реку, ручей | 小河, 河边, 河, 江 | 川
the lake = place river | teich*, weiher, am see | lac, étang | lago, laguna, estanque | lago, stagno, laghetto | lago, lagoa | meer, meertje, vijver | jezior*, staw | озер*, пруд* | 湖, 池塘 | 湖, 池
the hills = place hills | hügel*, wiese*, feld, felder, tal | colline*, prairie*, pré, campagne, champ*, vallée | colina*, prado*, campo*, valle | collin*, prat*, camp*, campagna, valle | colina*, prado*, campo*, vale | heuvel*, wei, weide, veld | wzgórz*, łąk*, pol*, dolin* | холм*, луг*, пол*, долин* | 山丘, 草地, 田野 | 丘, 草原, 野原
the garden = place hills | garten, gartens, park, parks | jardin*, parc | jardín*, parque* | giardin*, parco | jardim, jardins, parque* | tuin*, park | ogród, ogrod*, park* | сад, саду, парк* | 花园, 公园 | 庭, 公園
the farm = place hills | bauernhof*, hof | ferme | granja* | fattoria | fazenda* | boerderij* | farm*, gospodarstw* | ферм* | 农场 | 農場
the mountains = place mountains | berg*, gebirge*, gipfel* | montagne*, mont, sommet* | montaña*, monte, cima, cumbre | montagn*, monte, monti, vetta | montanha*, monte, cume | berg*, bergen, bergtop | góry, góra, gór*, szczyt* | гор, горы, гора, гору, горах, горе, вершин* | 高山, 山上, 山 | 山, 山々
the forest = place forest | wald, walde, waldes, wälder, wäldchen, dschungel | forêt*, bois, jungle | bosque*, selva* | bosco, boschi, foresta, giungla | floresta*, bosque*, selva* | bos, bossen, woud, oerwoud | las, lasu, lesie, lasem, dżungl* | лес, леса, лесу, джунгл* | 森林, 树林 | 森, 林
the desert = place desert | wüste* | désert* | desierto* | desert* | deserto* | woestijn* | pustyn* | пустын* | 沙漠 | 砂漠
the snow = place snow field | schneefeld*, winterlandschaft, arktis, nordpol, eis | neige des champs, pôle nord, banquise, arctique | campo nevado, polo norte, ártico | campo innevato, polo nord, artide | campo nevado, polo norte, ártico | sneeuwveld*, noordpool | pole śnieżne, biegun* | снежн* поле, северн* полюс, арктик* | 雪地, 北极 | 雪原, 北極
the city = place city | stadt*, städt*, dorf*, straße*, paris, london, berlin, rom | ville*, village*, rue*, paris, londres, rome | ciudad*, pueblo*, calle*, madrid, parís, londres | città, paese, strada, strade, roma, parigi, londra, venezia | cidade*, vila, aldeia, rua*, lisboa, paris, londres | stad, steden, dorp*, straat*, parijs, amsterdam | miast*, mieście, wieś, ulic*, warszaw*, paryż* | город*, деревн*, улиц*, москв*, париж* | 城市, 城里, 街道, 巴黎 | 街, 町, 都会, パリ
dawn = time dawn | morgengrauen, morgen, morgens, sonnenaufgang*, früh | aube, matin, lever du soleil | amanecer, alba, madrugada, por la mañana | alba, mattin* | amanhecer, madrugada, manhã | dageraad, ochtend*, zonsopgang | świt*, ran* | рассвет*, утр* | 清晨, 早晨, 黎明 | 朝, 夜明け
day = time day | mittag*, tags, tagsüber, nachmittag* | midi, après midi, journée | mediodía, tarde | mezzogiorno, pomeriggio | meio dia, tarde | middag, overdag | południ*, dzień | днем, полдень | 白天, 中午 | 昼, 昼間
sunset = time sunset | abend*, sonnenuntergang*, abendrot, dämmerung | soir*, coucher du soleil, crépuscule | atardecer, anochecer, ocaso, puesta de sol | tramont*, sera, crepuscolo | pôr do sol, entardecer, crepúsculo | avond*, zonsondergang, schemering | wiecz*, zachód słońca, zachodzie | вечер*, закат* | 傍晚, 日落, 黄昏 | 夕方, 夕暮れ, 夕日
night = time night | nacht, nachts, nächt*, mitternacht | nuit*, minuit | noche*, medianoche | notte, mezzanotte | noite*, meia noite | nacht*, middernacht | noc, nocy, nocą | ночь, ночи, ночью, полночь | 夜里, 夜晚, 半夜, 晚上 | 夜, 真夜中
rain = weather rain | regen*, regnet, regnerisch*, sturm, sturms, stürmisch*, gewitter* | pluie*, pleut, tempête*, orage* | lluvi*, llueve, tormenta*, tempestad | piogg*, piove, tempest*, temporale | chuv*, chove, tempestade* | regen*, regent, storm* | deszcz*, pada, burz* | дожд*, бур*, гроз*, шторм* | 下雨, 雨中, 暴风雨, 雨 | 雨, 嵐
snow = weather snow | schnee, schneit, verschneit*, winter* | neige, neiges, hiver | nieve*, nieva, invierno, nevad* | neve, nevica, inverno, innevat* | neve, neva, inverno | sneeuw*, winter | śnieg*, zim* | снег*, зим*, метел* | 下雪, 雪中, 冬天, 雪 | 雪, 冬
fog = weather fog | nebel, nebels, neblig* | brouillard*, brume* | niebla*, bruma* | nebbi* | neblina*, nevoeiro* | mist, nevel* | mgł* | туман* | 大雾, 雾 | 霧
cloudy = weather cloudy | bewölkt*, wolken, wolkig* | nuageu*, nuages | nublad*, nubes | nuvolos*, nuvole | nublad*, nuvens | bewolkt*, wolken | pochmurn*, chmury | облачн*, пасмурн* | 多云 | 曇り
clear = weather clear | sonnig*, sonnenschein, klar*, heiter* | ensoleillé* | solead* | soleggiat* | ensolarad* | zonnig* | słoneczn* | солнечн*, ясн* | 晴朗, 晴天 | 晴れ
"""
"""English phrase = field value | words in de, fr, es, it, pt, nl, pl, ru, zh, ja."""

DEEDS_TABLE = """
find = verliert, sucht, suche, suchen, gesucht, finden, findet, fand, entdeckt einen | perd, cherche*, trouve*, retrouve* | pierde*, perdió, busca*, encuentra*, encontr* | perde, cerca*, trova*, ritrova* | perde, perdeu, procura*, busca*, encontra* | zoekt, zoeken, vindt, vinden, zocht | szuka*, znaleź*, znajd*, znalaz* | ищет, ищут, искать, найти, находит, нашел, нашла | 寻找, 找到, 找 | 探す, 探し*, さがす, さがし*, 見つけ*
see = sehen, sieht, anschauen, bestaunen | voir, voit, regarde* | ver, ve, mirar, mira | vede*, guarda* | ver, vê, olha* | zien, ziet, bekijken | zobacz*, widzi*, obejrz* | увид*, видит, посмотр*, смотр* | 看见, 看到, 看 | 見たい, 見る, 見に*, 見つめ*
visit = besucht, besuchen, besuch | visite*, rend visite | visita* | visita*, trovare la nonna | visita* | bezoekt, bezoeken | odwiedz* | навест*, посет*, в гости | 拜访, 看望 | 訪ね*, 会いに*
travel = reist, reisen, reise, fährt, fahren, geht, gehen, zieht, wandert, wandern, will nach, macht sich auf | se promène, promène*, voyage*, va, aller, part, partir, traverse* | viaja*, va, ir, viaje, cruza*, parte | viaggi*, va, andare, parte, partire, attravers* | viaja*, vai, ir, parte, partir, atravessa* | reist, reizen, gaat, gaan, vaart, trekt | podróż*, jedzie, idzie, płynie, rusza, wyrusza, pojecha* | путешеств*, едет, идет, поехать, отправ*, плывет | 旅行, 去, 前往, 走 | 旅する, 旅を*, 旅に*, 行く, 行き*, 向かう
fly = fliegt, fliegen, flog, abheben | vole, voler, s'envole | vuela, volar, volando | vola, volare | voa, voar | vliegt, vliegen | lata, latać, leci, polecie* | летать, летит, лететь, полет*, взлет* | 飞翔, 飞 | 飛ぶ, 飛び*, 飛べ*, 空を飛
swim = schwimmt, schwimmen | nage, nager | nada, nadar | nuota, nuotare | nada, nadar | zwemt, zwemmen | pływa*, pływać | плава*, плыть | 游泳 | 泳ぐ, 泳ぎ*, 泳げ*
dance = tanzt, tanzen | danse, danser | baila, bailar, danza | balla, ballare, danza, danzare | dança, dançar | danst, dansen | tańcz* | танцев*, танцу*, танец | 跳舞 | 踊る, 踊り*, ダンス
sing = singt, singen, sang | chante, chanter | canta, cantar | canta, cantare | canta, cantar | zingt, zingen | śpiewa* | поет, петь, поёт | 唱歌 | 歌う, 歌い*
meet = trifft, treffen, begegnet, kennenlernen, lernt einen, freundet | rencontre*, fait la connaissance | conoce*, se encuentra con, encontrarse | incontra*, conosce* | conhece*, encontra se | ontmoet*, leert kennen | spotyka*, pozna* | встреча*, встретит*, познаком*, подруж* | 遇见, 遇到, 认识 | 出会う, 出会い*, 出会っ*
help = hilft, helfen, rettet, retten, beschützt | aide, aider, sauve*, protège* | ayuda*, salva*, rescata* | aiuta*, salva* | ajuda*, salva*, resgata* | helpt, helpen, redt, redden | pomaga*, pomóc, ratuje, uratowa* | помога*, помочь, спаса*, спасти, спасает | 帮助, 救, 帮 | 助ける, 助け*, 救う
win = gewinnt, gewinnen, siegt, rennen, wettrennen, wettlauf | gagne*, remporte*, course | gana, ganar, carrera | vince*, vincere, gara, corsa | ganha*, vence*, corrida | wint, winnen, race, wedstrijd | wygra*, wyścig* | победи*, выигр*, гонк* | 赢得, 比赛, 赛跑 | 勝つ, 勝ち*, レース, 競争
return = nach hause, heim, heimweg, zurück, heimkehren, kehrt | rentre*, retourne*, revenir, chez lui, chez elle | vuelve*, volver, regresa*, a casa | torna, tornare, a casa, ritorna* | volta, voltar, para casa, regressa* | naar huis, terug | wraca*, wrócić, do domu | вернут*, возвращ*, домой | 回家 | 帰る, 帰り*, 家に帰*
catch = fängt, fangen, jagt, jagen, hascht | attrape*, chasse*, poursuit | atrapa*, persigue*, caza* | cattura*, insegue*, acchiappa* | pega, pegar, apanha*, persegue* | vangt, vangen, jaagt | łapie, złapa*, goni* | пойма*, лов*, гоня* | 抓, 追 | 捕まえ*, 追いかけ*
explore = entdeckt, entdecken, erkundet, erforscht, erkunden | découvr*, explore* | descubr*, explora* | scopr*, esplora* | descobr*, explora* | ontdekt, ontdekken, verkent | odkrywa*, odkry*, zwiedza* | открыва*, исслед* | 探索, 发现, 探险 | 発見*, 探検*
bring = bringt, bringen, liefert, trägt, schenkt | apporte*, livre, livrer, porte, ramène* | lleva*, trae, traer, entrega* | porta, portare, consegna* | leva, levar, traz, trazer, entrega* | brengt, brengen, bezorgt | przynosi, zanieś*, niesie, dostarcz* | принос*, привез*, достав*, несет, отнес* | 送, 带来 | 届ける, 届け*, 運ぶ, 運び*
brave = angst, fürchtet, mutig sein, mut | peur, courage | miedo, teme, valor | paura, coraggio | medo, coragem | bang, angst, moed | boi, boją, strach, odwag* | боит*, страх*, смелост* | 害怕, 怕, 勇气 | 怖い, 怖がり, 勇気
friend = freund finden, freunde finden, freundschaft | se faire un ami, amitié | hacer amigos, amistad | fare amicizia, amicizia | fazer amigos, amizade | vrienden maken, vriendschap | zaprzyjaźn*, przyjaźń | дружб*, подруж* | 交朋友, 友谊 | 友達にな*, 友情, 友達を作
sleep = schläft, schlafen, einschlafen | dort, dormir, s'endort | duerme, dormir | dorme, dormire, addorment* | dorme, dormir | slaapt, slapen | śpi, spać, zasn* | спит, спать, засн* | 睡觉 | 眠る, 眠れ*
play = spielt, spielen | joue, jouer | juega, jugar | gioca, giocare | brinca, brincar | speelt, spelen | bawi, bawić | игра* | 玩耍, 玩 | 遊ぶ, 遊び*
climb = klettert, klettern, besteigt, erklimmt | grimpe*, escalade* | sube, subir, escala*, trepa* | scala, scalare, arrampica* | sobe, subir, escala* | klimt, klimmen | wspina*, wejść na | взбира*, подня*, забра* | 爬上, 爬 | 登る, 登り*
escape = flieht, fliehen, entkommt, entkommen, läuft weg, weggelaufen | fuit, fuir, s'échappe*, échappe* | huye*, huir, escapa* | fugge*, scappa* | foge*, fugir, escapa* | vlucht*, ontsnapt* | uciek* | убега*, сбежа* | 逃跑, 逃 | 逃げ*
want = will, möchte, wünscht, träumt, wollte, hofft, wünscht sich | veut, voudrait, rêve de, rêve d, souhaite, désire, voulait | quiere, desea, sueña, quería, anhela | vuole, vorrebbe, sogna, desidera, voleva | quer, deseja, sonha, queria | wil, wilt, droomt, wenst, wilde | chce, pragnie, marzy, chciał* | хочет, мечтает, хотел*, желает | 想要, 梦想, 想, 希望 | ほしい, たい, 夢見*
learn = lernt, lernen | apprend, apprendre | aprende, aprender | impara, imparare | aprende, aprender | leert, leren | uczy, nauczy* | учит*, науч* | 学会, 学习, 学 | 学ぶ, 習う, 覚え*
"""
"""What is done or wished (see `engine.movie.planner.wishes`) = words in de, fr, es, it, pt, nl, pl, ru, zh, ja."""

SMALL_WORDS = {
    "en": "story tale film movie love between about s where what how why when are do does be it he she they a an the and of to in on at with for who that which is was wants his her its their by from into through over under named called once upon there",
    "de": "ein eine einer eines einem einen der die das dem den des und mit im in am auf zu zum zur nach für von vom der sich nicht sein seine seinen seinem seiner seines ihrer ihres mein meine dein ihr ihre ihren namens heißt es war einmal durch über auf ist",
    "fr": "un une le la les l d du des et avec dans sur à au aux pour de qui que son sa ses nommé nommée s'appelle il elle était fois est vers ne pas par sous chez où",
    "es": "un una el la los las y con en por para de del al que su sus se llamado llamada llama había vez es muy hacia no unos lo",
    "it": "un una uno il lo la i gli le e con nel nella in sul sulla per di del della che suo sua suoi chiamato chiamata si era volta è verso al alla dal un",
    "pt": "um uma o a os as e com em no na nos nas por para de do da dos das que seu sua se chamado chamada era vez é ao à pelo pela um",
    "nl": "een de het en met in op aan naar voor van die dat zijn haar heet genaamd er was eens is door over om te zich",
    "pl": "i z w na do po dla że który która które się jest był była o przez ze swój swoją swojego imieniu",
    "ru": "и с в на к по для что который которая которое жил был была о со свой свою своего по имени под над через",
}
"""The commonest words of each language, by which it is told."""

DEFINITE = "the der die das den dem des le la les l el los las lo il i gli o os as de het"
INDEFINITE = "a an ein eine einen einem einer eines un une uno una um uma een"
OWN = "his her its their my sein seine seinen seinem seiner seines ihrer ihr ihre ihren ihrem son sa ses leur su sus suo sua suoi sue seu seus suas zijn haar swój swoją swojego swoje swoich свой свою своего свои своё"
TOGETHER = "with and und mit et avec y con e com en met i z ze и с со together zusammen ensemble junto insieme juntos samen razem вместе"
NAMED = "named called namens heißt nommé nommée appelé appelée llamado llamada llama chiamato chiamata chiama chamado chamada chama genaamd heet"
TO = "to towards for nach zu zum zur an ans in ins im auf vers à au aux en hacia a al alla al verso nel para ao à naar do na к в на до"
"""Words that say how a noun stands in its sentence, of all languages together."""
