/**
 * The service's own voices, one a line: id | language-COUNTRY | age | gender | name | description, letter for letter and in
 * the order of its "Voices Library" (gradium-stt.txt, 239 voices in two tables).
 * Not here: how they are found (voice-catalogue.ts).
 */

/**
 * The table of flagship voices. Most are in the other table as well: that lacks Sydney and John, and what it says of Eva,
 * Jack and Emma has lost its punctuation and gained a misprint ("converstations"), so it is this one that is followed.
 */
export const FLAGSHIP_VOICES = `
YTpq7expH9539ERJ | en-US | adult | feminine | Emma | A pleasant and smooth female voice ready to assist your customers and also eager to have nice conversations.
LFZvm12tW_z0xfGo | en-US | adult | masculine | Kent | A relaxed and authentic American adult voice that connects like a genuine friend.
jtEKaLYNn6iif5PR | en-US | adult | feminine | Sydney | A joyful and airy American adult voice that makes corporate training feel helpful and light.
KWJiFWu2O9nMPYcR | en-US | adult | masculine | John | A warm low-pitched American adult voice with the resonant quality of a classic radio broadcaster.
ubuXFxVQwVYnZQhy | en-GB | adult | feminine | Eva | A joyful and dynamic British adult voice ideal for lively conversations.
m86j6D7UZpGzHsNu | en-GB | adult | masculine | Jack | A pleasant British voice suited for helpful service, casual conversations, or intense narrations.
b35yykvVppLXyw_l | fr-FR | adult | feminine | Elise | A warm and smooth French adult voice ideal for friendly conversation and welcoming support.
axlOaUiFyOZhy4nv | fr-FR | adult | masculine | Leo | A warm and smooth French adult voice ideal for friendly conversation and welcoming support.
-uP9MuGtBqAvEyxI | de-DE | adult | feminine | Mia | A joyful and energetic German voice perfect for professional context as well as enthusiastic discussions.
0y1VZjPabOBU3rWy | de-DE | adult | masculine | Maximilian | A warm and smooth German adult voice ideal for friendly conversation and professional narration.
B36pbz5_UoWn4BDl | es-MX | adult | feminine | Valentina | A warm and engaging Mexican female voice perfect for natural storytelling and connecting like a genuine friend.
xu7iJ_fn2ElcWp2s | es-ES | adult | masculine | Sergio | A warm and smooth Spanish adult voice ideal for friendly conversation and professional narration.
pYcGZz9VOo4n2ynh | pt-BR | adult | feminine | Alice | A warm and smooth Brazilian female voice ideal for professional service and pleasant narration or even an enthusiastic conversation!
M-FvVo9c-jGR4PgP | pt-BR | adult | masculine | Davi | An engaging and smooth Brazilian adult voice ideal for helpful service and relaxing conversations.
`;

/** What only the table of all voices has. */
export const OTHER_VOICES = `
NoJdNY6JTz-VJLwz | en-CA | young adult | masculine | Max | A clear calm and measured male voice.
Lxc7YlPC8ckLJA8H | en-GB | adult | feminine | Kelly | Clear soft and measured female narration.
-_aUUFZaJ0CT1gks | en-IN | adult | masculine | Arjun | A warm voice with a clear low-pitch and a smooth texture.
W5htOuyiFI4Fwhxs | en-AU | adult | masculine | Hunter | A joyful and smooth Australian adult voice that keeps listeners tuned in with radio charm.
Eu9iL_CYe8N-Gkx_ | en-US | young adult | feminine | Tiffany | A warm and smooth American young adult voice that greets customers with a smile you can hear.
2H4HY2CBNyJHBCrP | en-US | adult | feminine | Christina | A joyful low-pitched American adult voice that handles business and service with efficiency.
KNYHZTB8ZqdAZv5Q | en-US | adult | feminine | Maria | A joyful high-pitched American adult voice that teaches and tutors with genuine energy.
dh0EzP6jCroK6prq | en-US | adult | masculine | Mark | A warm low-pitched American adult voice that resonates with professional radio quality.
XJc-Y9tkSd1UA7s4 | en-US | young adult | masculine | Logan | A joyful and smooth American young adult voice that fits the energetic vibe of a gym coach.
78zAgQK6xmExb8wS | en-US | adult | masculine | Juan | A joyful and smooth American adult voice that welcomes and hosts with vibrant energy.
56DcpvEI0Gawpidh | en-US | adult | feminine | Kaitlyn | A warm and smooth American adult voice that offers the kindness of a helpful neighbor.
lt88kyLfD8Mqemla | en-IN | young adult | feminine | Michelle | A warm and smooth Indian English young adult voice for clear and friendly service.
wPx6HPbUQkaUHGhq | en-US | adult | feminine | Mary | A joyful high-pitched American adult voice that connects perfectly with younger audiences.
c8BzreHTk1GG2R4z | en-US | adult | masculine | Cameron | A steady low-pitched American adult voice ideal for tech reviews and casual explanations.
9QHzSiOYUD-RzEzM | en-US | adult | masculine | Jeremy | A composed American adult voice that sounds intelligent and tech-savvy.
hOhCtzjR-cRG4T5T | en-US | young adult | masculine | Jesse | A joyful high-pitched American young adult voice with a unique airy texture for character roles.
cu0XE3Cxmg_GmSJ3 | en-US | adult | masculine | Sean | A joyful American adult voice that brings the spirited energy of a rodeo announcer.
P0GYBrxlhTy5CC87 | en-GB | adult | masculine | Charles | A warm and smooth British adult voice that hosts with a classic reliable radio presence.
kr-Om35JRqmA3Hzq | en-US | young adult | feminine | Olivia | A warm low-pitched American young adult voice that guides meditation with soothing calm.
O0uTTRx5zcetDFX4 | en-US | young adult | feminine | Shelby | A joyful high-pitched American young adult voice that brings enthusiasm to web content.
Z5GIOZR45ieZ8M-W | en-US | adult | masculine | Patrick | A joyful and smooth American adult voice perfect for clear and engaging public service announcements.
HndphaVV7KTCfKQT | en-US | adult | masculine | Richard | A joyful high-pitched American adult voice that captures the excitement of sports commentary.
FOFDH8py3aghc5kb | en-US | adult | masculine | Jason | A joyful American adult voice that delivers radio content with a distinct engaging tone.
Abqwk2RWxlBEyv0j | en-GB | adult | feminine | Kimberly | A joyful high-pitched British adult voice that welcomes listeners with cheerful efficiency.
v5lib8tjaosy5sxQ | en-US | adult | masculine | Timothy | A warm low-pitched American adult voice with a nostalgic friendly resonance.
4NU5PqxX2BdMEtWe | en-US | adult | masculine | Nathan | A warm and smooth American adult voice that sounds just like your friendly neighbor.
EbIA5CIcQoa6NNd2 | en-US | adult | masculine | Adam | A joyful and smooth American adult voice that greets the morning with radio-ready energy.
KRo-uwfno-KcEgBM | en-US | adult | feminine | Abigail | A warm and airy American adult voice that adds a touch of magic and empathy to any story.
8Tm8RKFEbnkRtkdA | en-US | adult | feminine | Melissa | A joyful and smooth American adult voice that facilitates with upbeat enthusiasm.
yU6yxQ3e8LKRwU84 | en-US | adult | feminine | Allison | A joyful high-pitched American adult voice that brings high energy to training and teaching.
MQC0U1yWvZXrppaF | en-US | adult | feminine | Kelsey | A balanced American adult voice that fits realistic everyday service interactions.
aq7ltaIQ6ZJUY0jR | en-GB | adult | feminine | Haley | A confident and warm British adult voice versatile enough for e-learning support and storytelling.
PS7enm5lVZiIvEKV | en-US | adult | feminine | Anna | A warm and smooth American adult voice that provides comfort and supportive guidance.
bvNlBZ3DWDoVy_Yc | en-US | young adult | feminine | Katherine | A warm and smooth American young adult voice that balances business professionalism with kindness.
zyLIanWKViHkc6Wp | en-GB | adult | masculine | Steven | A steady and smooth British adult voice that offers helpful and consistent management advice.
ptMwY_gvmFxXMmDf | en-US | adult | masculine | Brian | A steady American adult voice with a low-pitched tone suitable for distinct character roles.
LqFNS0u6EII7VHBx | en-US | adult | masculine | Jose | A warm low-pitched American adult voice that offers the reassuring guidance of a mentor.
cuXxqSrGVntdhFpZ | en-GB | young adult | feminine | Madison | A warm low-pitched British young adult voice that feels like a friendly neighbor.
d9Fl9x8luXXX7u6E | en-US | adult | masculine | Dylan | A warm and smooth American adult voice that keeps the flow going as a DJ or host.
GJSxJhSTPAGIPDwy | en-US | adult | feminine | Rebecca | A warm and airy American adult voice that manages and assists with a gentle touch.
pxKsJ_4kEMid5XpZ | en-AU | young adult | masculine | Samuel | A warm and smooth Australian young adult voice that sounds like a friendly bartender or colleague.
knw-ddWDPNORRA4Z | en-US | adult | masculine | Eric | A joyful and smooth American adult voice that makes sales and service feel cheerful and easy.
22YWyuFACaMHsPh5 | en-US | young adult | feminine | Alyssa | A warm and smooth American young adult voice that adds a relatable human touch to readings.
4nAcNUlNhEA_Kyjo | en-US | adult | feminine | Alexandra | A joyful and smooth American adult voice ideal for reading and hosting duties.
QPHuXnvRPQ57oXYy | en-US | adult | feminine | Jasmine | A joyful high-pitched American adult voice that commands the room with managerial confidence.
IBVzgY91NZ1IJ0oP | en-GB | adult | masculine | Benjamin | A joyful and smooth British adult voice that leads events and shows with master-of-ceremony flair.
Ve1zknlflaRwcAQw | en-GB | adult | masculine | Aaron | A composed and smooth British adult voice perfect for technical and IT-related explanations.
ws0Wb0PZXl21_Bbz | en-US | young adult | masculine | Jordan | A joyful American young adult voice that motivates with the energy of a fitness instructor.
x69x43aS-5mVLCX2 | en-GB | adult | masculine | Christian | A warm and smooth British adult voice that sounds like a kind and knowledgeable scholar.
m7fJRmVaJjG2TL1c | en-GB | adult | masculine | Thomas | A warm and smooth British adult voice that brings an actor's versatility to conversation.
MGiwMOFxVe4a2aSU | en-GB | adult | feminine | Morgan | A warm and airy British adult voice that guides listeners into a state of meditation.
SqHUVuEiTPSlIB5r | en-US | adult | masculine | Cody | A warm and resonant American adult voice that delivers radio quality with a professional touch.
91EdXxJDbWICDBgz | en-US | adult | neutral | Alex | A joyful high-pitched American adult voice that grabs attention in advertisements.
fggSYM_FGJ30QTTl | en-US | young adult | feminine | Brianna | A warm and smooth American young adult voice ideal for music radio and educational content.
J2qsArcdozbto5Hn | en-AU | adult | masculine | Kevin | A joyful Australian adult voice that engages audiences as a TV host or tutor.
8dBmiTurwb7KcxLY | en-US | adult | feminine | Victoria | A warm and smooth American adult voice that conveys the reliability of a helpful colleague.
T7UL6gmeDqqYiVe1 | en-US | adult | feminine | Nicole | A joyful American adult voice with a sarcastic edge perfect for entertaining podcasts.
auZu0iT-fniQ4cJd | en-US | adult | feminine | Jennifer | A warm and smooth American adult voice that is always ready to help like a good friend.
UX3Hi2ZmK7tT0c3G | en-GB | adult | feminine | Courtney | A joyful high-pitched British adult voice perfect for sales and professional announcements.
ikbJkd83GvuyoSLb | en-US | adult | feminine | Stephanie | A joyful and smooth American adult voice that sounds like a modern relatable mom.
CjQcj4yeIs6h0uAb | en-US | adult | masculine | Kyle | A joyful American adult voice that wakes up the audience with morning radio energy.
SG3KnxbSOkkrY097 | en-US | adult | feminine | Lauren | An assertive and smooth American adult voice that fits the modern urban businesswoman persona.
74asmf7CXzjfopIX | en-US | adult | feminine | Alexis | A joyful American adult voice that delivers customer service scripts with a bright distinct tone.
exG4bLr-lZ_bI0jF | en-US | adult | feminine | Megan | A joyful high-pitched American adult voice that mixes customer service clarity with influencer energy.
4u2uvwrHdTA2gRnZ | en-US | adult | masculine | Jonathan | A joyful high-pitched American adult voice with the charm of an old-timey character actor.
gTAO-3xLZ8_WSfbm | en-US | adult | masculine | Robert | A warm and resonant American adult voice that brings a professional acting polish to any script.
8sWSyTC7byLsbHkr | en-US | adult | masculine | Alexander | A warm low-pitched American adult voice that motivates with the resonance of a fitness coach.
dEcrv3B8XGHoox2_ | en-GB | adult | feminine | Rachel | A warm low-pitched British adult voice that balances professional business tones with a calming presence.
9VXl5t2IMagUQAzg | en-GB | adult | feminine | Kayla | A joyful British adult voice with a precise tone ideal for automated yet friendly service.
u8rA2xOF_0LRnNSb | en-US | adult | feminine | Elizabeth | A consistent and smooth American adult voice that provides clear and reliable customer service.
ZZb4X9ueHSdRlv9q | en-GB | young adult | feminine | Amanda | A joyful and hip British young adult voice that brings energy to podcasts and modern content.
3bIdO9CHnAh_pRAf | en-IN | adult | feminine | Brittany | A joyful and smooth Indian English adult voice that is perfect for friendly HR and service roles.
VeVmpxxbyJiWrGNG | en-AU | adult | masculine | William | A joyful high-pitched Australian adult voice that sounds like an energetic high school coach.
lP7D1y02OQFtffU3 | en-US | young adult | feminine | Hannah | A warm and airy American young adult voice that creates a calm atmosphere for yoga and meditation.
2V3TjbyQGPlkY6ON | en-AU | adult | masculine | Anthony | A joyful and smooth Australian adult voice that brings a cartoonish MC-style energy.
6Mp6PGnaCdb-US21 | en-US | adult | masculine | Justin | A distinct American adult voice with a characterful tone ideal for niche roles.
MZWrEHL2Fe_uc2Rv | en-US | adult | masculine | James | A warm and resonant American adult voice that excels at storytelling and persuasive advertising.
OceLYI_PPbqsdgdV | en-GB | young adult | masculine | David | A warm and smooth British young adult voice that captures the relaxed tone of a college student.
AqRuVz8-e8u3BR00 | en-US | adult | masculine | Ryan | A warm low-pitched American adult voice with a resonant rural charm for sales and storytelling.
EfuzJVuTmw_mA7PC | en-US | adult | feminine | Taylor | A warm and efficient American adult voice that fits perfectly for automated customer support.
aW5dxfdkzIFCIdXc | en-US | young adult | feminine | Sarah | A clear American young adult voice that is precise and perfect for student-focused reading.
MhsYZQ4bIfcDpokF | en-GB | adult | masculine | Joseph | A warm and relatable British adult voice with a genuine blue-collar friendliness.
mn5sS7D8kYKETZXA | en-US | adult | feminine | Samantha | A warm and professional American adult voice that is both helpful and authoritatively managerial.
-0MuXG9RcCsuSVtb | en-US | mature | masculine | Austin | A warm rough-textured American mature voice that embodies the kindness of a gentle grandfather.
apU2CMobTyu92tZj | en-AU | adult | masculine | Daniel | A joyful and smooth Australian adult voice that brings a cheerful down-to-earth vibe to any chat.
i1kmq28cO60ia35K | en-US | young adult | feminine | Emily | A warm and smooth American young adult voice perfect for modern podcasting and influencing.
2j8TWGsIiUl4G3kj | en-US | young adult | masculine | Brandon | A high-pitched joyful American young adult voice that sounds like your friendliest colleague.
Ow5IKhni2ED3Xxhl | en-GB | adult | masculine | Tyler | A warm and smooth British adult voice that blends tech-savviness with a friendly radio persona.
n2Gv34jje2ZiiNzK | en-US | adult | masculine | Nicholas | A joyful American adult voice with a relatable slightly clumsy charm perfect for sitcom-style scripts.
QZMzHBlnJRjll_71 | en-US | adult | feminine | Ashley | A warm low-pitched American adult voice that feels like a cool supportive friend or aunt.
bDlMqRew31ZJwrD- | en-US | adult | masculine | Joshua | A joyful and resonant American adult voice that brings the classic energy of a radio host.
wYY8mXKrKtwKsaXZ | en-US | adult | feminine | Jessica | A consistent and smooth American adult voice that handles customer service with patience and clarity.
ixaCTlZ5Xqf2XzQH | en-US | mature | masculine | Jacob | A steady American mature voice with a unique old-timey texture for distinct conversational roles.
fs2Qj_X2Z2WvWJSU | en-GB | adult | masculine | Christopher | A smooth British adult voice that conveys the trustworthy tone of a reliable expert.
X-wgJsZwQKhfebgK | en-US | adult | masculine | Matthew | A high-pitched joyful American adult voice that pops with energy perfect for reading ads.
Mj0Pzs94jCw8oVOC | en-US | adult | masculine | Michael | A low-pitched casual American adult voice with a sporty vibe for conversational content.
vMYQUSzm6GRkJX6d | fr-FR | adult | masculine | Olivier | Friendly male voice tone is warm and welcoming.
p1fSBpcmVWngBqVd | fr-FR | young adult | feminine | Manon | A gentle and warm voice with a calm and measured pace.
3mM3xaoFjNMQa22C | fr-FR | young adult | feminine | Jade | A young female speaker with a clear high-pitched and smooth voice.
J4XbCGPYNMigXcfZ | fr-FR | young adult | feminine | Amélie | A friendly voice with a clear tone and pleasant pitch.
0LMAi0x_YVG_GLeM | fr-FR | young adult | masculine | Adrien | Clear smooth and moderately paced voice with a warm tone.
-dOnYAX4N4GqSOee | fr-FR | young adult | feminine | Sarah | A warm and smooth French young adult voice perfect for friendly interactions and welcoming service.
N8xxxD_d-ZinGVI4 | fr-FR | young adult | feminine | Jennifer | A warm and smooth French young adult voice ideal for friendly support and welcoming conversation.
zba0owtqy4Gnewn9 | fr-FR | adult | feminine | Élodie | A confident French adult voice that excels in corporate training compliance and narration.
TJv-kucMsUo24VQe | fr-FR | young adult | feminine | Justine | A confident and upbeat French young adult voice perfect for youth brands and energetic explanations.
YE0-JPiElafJrZaC | fr-FR | young adult | feminine | Océane | A polished French young adult voice designed for professional broadcasting and reporting.
QY_BJKHMElKDO12- | fr-FR | adult | feminine | Léa | A formal French adult voice that delivers financial reports and news with absolute precision.
QkmUhBH4hIV2_BkY | fr-FR | adult | feminine | Sarah | A confident and compassionate French adult voice ideal for biographies support and non-fiction.
D-IpHY1UI0iX9xQD | fr-FR | adult | masculine | Mathieu | An assertive and energetic French adult voice perfect for high-stakes promos and executive presentations.
twLGV8mrH_ycNpUn | fr-FR | adult | masculine | Clément | A confident and sincere French adult voice that lends credibility to expert topics and emotional appeals.
k1wgs3k8-wRxTJO6 | fr-FR | adult | feminine | Julie | A joyful and enthusiastic French adult voice that makes news and education feel fresh and engaging.
Hdf5cdfaGrLDTD63 | fr-FR | adult | masculine | Dylan | A sincere and emotional French adult voice that offers genuine support and relatable warmth.
1VAVLmmbQFDw7TMn | fr-FR | adult | feminine | Marion | A warm and trustworthy French adult voice that shines in storytelling education and fantasy roles.
2AtP1urAQkZaeI2U | fr-FR | adult | feminine | Pauline | A professional and articulate French adult voice suited for serious journalism and formal announcements.
B09t5S64xLaKwXeW | fr-FR | adult | masculine | Vincent | A warm and wise French adult voice perfect for historical narration and supportive guidance.
AroCL6f1qizjiZ_a | fr-FR | young adult | masculine | Pierre | An energetic French young adult voice that brings a lively journalistic flair to news and updates.
qTA0lxFpynJdoxx7 | fr-FR | young adult | masculine | Guillaume | A joyful and adventurous French young adult voice ideal for dynamic storytelling and sports reporting.
zpmn3GOfiU_i5QGo | fr-FR | adult | masculine | Romain | A warm and steady French adult voice that delivers quick instructions and interviews with clarity.
IB53xJtufx1sbfbt | fr-FR | adult | masculine | Kévin | A sincere and emotional French adult voice that brings depth and wisdom to narratives and heartfelt ads.
kw_VWSocR7vyA9Ty | fr-FR | adult | masculine | Florian | A joyful and relatable French adult voice that sounds like a friendly journalist or the guy next door.
hx1RAC4Lqd9xyTAr | fr-FR | adult | masculine | Antoine | A gritty and confident French adult voice perfect for intense narration and expert instruction.
pdcyd1mLmo0fcg3O | fr-FR | adult | masculine | Quentin | A confident and sincere French adult voice that connects effortlessly in tech explainers and documentaries.
xynYWquoAsrvM7UY | fr-CA | adult | feminine | Mélanie | A warm and clear Canadian French adult voice designed for friendly assistance and educational guidance.
aNiSRZ0BhQxO1FPx | fr-FR | adult | masculine | Adam | A warm and formal French adult voice that brings a calm professional touch to corporate communications.
ImBVnxSeLsdCfNIV | fr-FR | young adult | feminine | Anaïs | A distinctive French young adult voice with a sharp tone perfect for lifestyle and character roles.
GmGF_3ETsY2Zq7_w | fr-FR | adult | feminine | Marine | A warm and nurturing French adult voice ideal for storytelling education and empathetic support.
s0PhgjzOTRD5wo5L | fr-CA | adult | masculine | Maxime | A joyful and instructional Canadian French voice that makes learning and support feel effortless.
HBfu9XA3QfzAG1MN | fr-CA | adult | masculine | Alexandre | A high-energy and assertive Canadian French voice perfect for fast-paced promos and clear instructions.
w9V1722uEmTkWqnR | fr-FR | adult | feminine | Camille | A joyful and professional French adult voice that delivers corporate and journalistic scripts with energy.
BbLb4TxdlrldgpHI | fr-FR | adult | feminine | Marie | A warm and professional French adult voice ideal for calm instruction and empathetic communication.
8nsAoui8Y5RK9PYw | fr-FR | adult | masculine | Thomas | A confident and sincere French adult voice that drives action in commercials and educational explainers.
rIYDMY3dLccdauWA | fr-FR | adult | feminine | Chloé | A bright and versatile French adult voice perfect for friendly assistance education and lifestyle content.
mxcKXLymdLQCdlEq | fr-FR | adult | masculine | Nicolas | An assertive and warm French adult voice that brings strength and character to narration and promos.
Jlh1B0PKQJyup0sQ | fr-FR | adult | feminine | Laura | A helpful and clear French adult voice that excels in both educational content and empathetic service.
NvHEAMGiPT4u8iT- | fr-FR | adult | feminine | Amandine | A versatile and joyful French adult voice capable of shifting from warm education to playful character work.
WWHSNJCSTm77dyGd | fr-FR | adult | masculine | Valentin | A warm and lively French adult voice that brings a spark of genuine enthusiasm to any script.
L6OaiBybqikfCBk0 | fr-FR | young adult | masculine | Manu | A pleasant voice with a low pitch and smooth texture.
s4CzgVHP5cEkB9LD | es-ES | adult | feminine | Sofia | Soft low-pitched and smooth with a slow and measured pace.
aCWBiYUiQ4VwW8_b | es-ES | adult | masculine | Pablo | A warm low-pitched Spanish adult voice that brings a calm smooth authority to any script.
yPxeHKlCzaHeKd_V | es-ES | adult | masculine | Carlos | A warm and versatile Spanish adult voice that adapts seamlessly from ads to professional settings.
r5WB0b126tlHSrku | es-MX | young adult | masculine | Adrián | A warm and smooth Mexican young adult voice that naturally bridges journalism and conversation.
h39kz1iyoymcjcqh | es-ES | young adult | masculine | Alberto | A warm Spanish young adult voice with a hosting flair perfect for media and customer engagement.
PqjKPYFyGNsg1YU- | es-ES | young adult | feminine | Elena | A warm and engaging Spanish young adult voice that makes journalism and education feel accessible.
wGhY_zZCoQ5gB0ce | es-AR | adult | masculine | Javier | A warm and smooth Argentine adult voice that delivers professional and social content with charm.
-8ZoUJpVU98rxpv9 | es-MX | young adult | masculine | Sergio | An energetic Mexican young adult voice that brings a bright modern feel to customer service and ads.
zdE2H9vw2vcMl_Pt | es-MX | adult | masculine | David | A joyful and smooth Mexican adult voice that fits perfectly in both casual chats and formal spots.
ynR4CAbXMiOv-vGC | es-ES | young adult | feminine | Ana | A warm and versatile Spanish young adult voice ideal for everything from ads to professional service.
lPCVUcicz2XRaLE3 | es-ES | adult | feminine | Sara | A warm and knowledgeable Spanish adult voice that balances journalistic clarity with conversational ease.
VAb2M8nKHlUUZBk4 | es-MX | young adult | feminine | Marta | A warm and relatable Mexican young adult voice perfect for connecting with Gen Z audiences.
R3L8t75ZEoZCPUA9 | es-ES | adult | masculine | Daniel | A confident low-pitched Spanish adult voice that commands respect in professional and service contexts.
eorxD0DWv--n7l3p | es-ES | young adult | masculine | Alejandro | A joyful and smooth Spanish young adult voice that adds a fresh energy to advertisements.
Bwl2KLUPxf82_ZaJ | es-MX | adult | feminine | Cristina | A joyful and resonant Mexican adult voice ideal for vibrant social media and character work.
zhH3lPUo-JxmlOJT | es-CO | young adult | feminine | Carmen | An energetic Colombian young adult voice that captures the lively spirit of a millennial streamer.
k2B3TJiffePxjeBn | es-CO | young adult | feminine | María | A warm and smooth Colombian young adult voice that brings a friendly touch to education and ads.
Gijj_GPBfJVcP-FZ | es-ES | adult | masculine | Miguel | A steady Spanish adult voice with a robotic edge perfect for automated customer service.
xB86uC_i8sO2U41- | pt-BR | adult | feminine | Laura | A smooth and pleasant voice perfect for a nice chat.
L7890s1B44FqSiGC | pt-BR | adult | masculine | Frederico | A clear low-pitched voice spoken with a smooth texture
hAdJ9w9xBQkFgrRl | pt-BR | adult | masculine | Eduardo | A clear low-pitched voice with a smooth texture.
EzmLkNorEpZG_oNv | pt-PT | young adult | masculine | Rodrigo | A low-pitched Portuguese young adult voice that delivers information with calm confidence.
Du_Dcv4fgXBDdubR | pt-PT | adult | feminine | Bruna | A high-pitched energetic Portuguese adult voice perfect for engaging corporate training and narration.
_cP-0vSYfMmzR4al | pt-BR | adult | masculine | Daniel | A joyful and dynamic Brazilian adult voice that brings excitement to radio hosting and promos.
YUKEEk7Y4Igsj1Ts | pt-PT | adult | masculine | Leonardo | An energetic and varied Portuguese adult voice ideal for lively radio spots and character work.
QZtWUy8jmIroWiOu | pt-BR | adult | masculine | Thiago | A warm and versatile Brazilian adult voice that balances professional hosting with genuine kindness.
Yee42wDKxEFHi0BS | pt-BR | young adult | masculine | Pedro | A smooth low-pitched Brazilian young adult voice with a cool steady tone for scripts.
wT1bHy1Vq_0Bn73I | pt-PT | adult | masculine | Matheus | A resonant and warm Portuguese adult voice that brings authority and kindness to educational content.
Fmt16x6anKfMMeSx | pt-BR | adult | feminine | Jéssica | A smooth Brazilian adult voice designed for clear and professional customer service.
8QUaJGjSFdgHkuI8 | pt-BR | young adult | masculine | Fernando | A warm and friendly Brazilian young adult voice that sounds like the approachable guy next door.
B6aHVROMF8FuKR07 | pt-PT | young adult | feminine | Juliana | A high-pitched energetic Portuguese young adult voice perfect for animated characters and lively dialogue.
24cfpJbYGXZLE39T | pt-BR | adult | feminine | Ana | A joyful and neighborly Brazilian adult voice that feels instantly familiar and welcoming.
T4yRIRCLji61Fz-N | pt-BR | adult | masculine | Gustavo | A high-pitched friendly Brazilian adult voice ideal for approachable and caring roles.
isyT17KHEj84P9w9 | pt-BR | adult | masculine | Bruno | A warm and helpful Brazilian adult voice that conveys genuine reliability and kindness.
73lMH7Zcc411nxJz | pt-PT | adult | feminine | Maria | A cheerful and helpful Portuguese adult voice that brightens any conversational script.
h6qFHXR3-bqPg_PE | pt-BR | adult | feminine | Letícia | A warm and empathetic Brazilian adult voice perfect for podcasting and supportive messaging.
KpDAXeGeen7P9Uri | pt-PT | adult | masculine | Rafael | A warm and friendly Portuguese adult voice ideal for relatable radio hosting and conversation.
4ubKCfFxLeBg-cbl | pt-BR | adult | masculine | Gabriel | An energetic and joyful Brazilian adult voice that commands attention with charismatic flair.
AaTW_13X1yYe_OnX | pt-BR | adult | masculine | Lucas | A warm low-pitched Brazilian adult voice that adds a kind educational tone to any project.
YHOBjtajNBEHUI_K | pt-BR | adult | masculine | João | A smooth and clear Brazilian adult voice perfect for conversational delivery.
IIZIkBSZAmb9nFZb | de-DE | adult | masculine | Moritz | Clear low-pitched male voice with a smooth texture and a slow measured pace.
kAoOc9Yb5EQDzA-N | de-DE | adult | feminine | Lisa | A soft and clear voice with a varied pitch.
vbg20SqFS_gBntTQ | de-AT | adult | masculine | Hans | A calm low-pitched male delivery with a pleasant tone.
VXA4-0_ZN4o8q3vK | de-DE | adult | feminine | Franziska | A warm and smooth German adult voice that offers deep support with kindness.
zyla-_bhVQtNTBdT | de-DE | adult | masculine | David | A smooth German adult voice that educates with a calm low tone.
lSVEPWl_N_7MtcHe | de-DE | adult | feminine | Lea | A warm and smooth German adult voice that teaches with a friendly approachable style.
hXjVvZ6oDDGQAQFj | de-DE | young adult | feminine | Stefanie | A confident and airy German young adult voice that reads with sincerity and clarity.
xq0vDziADfAmg6Uh | de-DE | adult | masculine | Tom | An airy German adult voice that speaks publicly with a formal high pitch.
-qKylkN2UPxd7Mmg | de-DE | adult | masculine | Niklas | A joyful and smooth German adult voice that handles customer care with formal positivity.
fJDF4lEH590XplFv | de-DE | adult | feminine | Michelle | A joyful and smooth German adult voice that coaches with high energy and encouragement.
h2o5CDDhV5wE3Bwi | de-DE | adult | feminine | Jasmin | A balanced and airy German adult voice that makes book reading feel light and accessible.
ZOiGbnYdgKSBM_rH | de-DE | adult | masculine | Dominik | A balanced and smooth German adult voice designed for formal customer care.
dK5Glio51HTxdMu0 | de-DE | adult | feminine | Sabrina | A balanced and smooth German adult voice perfect for professional book reading.
YHkMHL6WppbXd42a | de-DE | adult | masculine | Dennis | An airy German adult voice that delivers technical information with formal grace.
LAmPTQZkwYJKRCKt | de-DE | adult | masculine | Julian | A balanced and resonant German adult voice that coaches with a calm steady presence.
RPw-aWdY8NBiIWeg | de-DE | adult | masculine | Jannik | A joyful and resonant German adult voice that motivates and coaches with authority.
bauuigqCZbJFfk5q | de-DE | adult | feminine | Melanie | A warm and smooth German adult voice that brings a professional deep perspective.
WxHB2b5HxA0Kuq5u | de-DE | adult | masculine | Christian | A joyful and smooth German adult voice that reports with energy and professionalism.
9O8ZawShJ7UwURjK | de-DE | adult | feminine | Nadine | A warm and smooth German adult voice that educates with journalistic precision.
t1Y_yKjku5R46F9t | de-DE | adult | feminine | Nicole | A warm and airy German adult voice that delivers journalistic content with a kind touch.
KEMqb7dQlTCAEUx6 | de-DE | mature | masculine | Sebastian | A steady resonant German mature voice that brings the comforting wisdom of a grandfather.
df4Al5gt14Am4Qaf | de-DE | adult | feminine | Lena | A grounded and smooth German adult voice that reports the news with a steady tone.
42-EbMFThYfhVB83 | de-DE | adult | masculine | Fabian | A warm German adult voice that teaches with a high engaging energy.
3-pqEMoGtIq7wXtH | de-DE | adult | masculine | Patrick | A steady and smooth German adult voice that explains educational topics with journalistic clarity.
9LhjfdN9LOrygqDi | de-DE | adult | feminine | Christina | A warm and smooth German adult voice that offers insightful guidance with a friendly tone.
--9DFXOPx8kJFsbe | de-DE | adult | feminine | Jessica | An airy German adult voice that delivers formal journalism with a light touch.
XFttJvHwReWtWQNQ | de-DE | adult | feminine | Jennifer | A steady and smooth German adult voice that reports professionally and formally.
8eZwfGLoSF2N0RB3 | de-DE | adult | feminine | Vanessa | A warm and smooth German adult voice that engages listeners as a lively podcast host.
sz-H9BxaRaqxQ2S0 | de-DE | adult | feminine | Maria | A relaxed and airy German adult voice that hosts podcasts with a cool vibe.
6tFmjkrmrdhO2bXV | de-DE | adult | masculine | Jonas | A warm German adult voice that contemplates and converses with philosophical insight.
D8iRHK1qJhqfE00v | de-DE | adult | feminine | Anna | A balanced airy German adult voice that brings deep empathy to conversation.
Cw79FL0p0J6UM9El | de-DE | adult | masculine | Marcel | A balanced German adult voice that handles customer care with a clear high-pitched tone.
AySdCEnP2nqRo1WM | de-DE | adult | masculine | Kevin | A steady and smooth German adult voice that maintains a formal journalistic standard.
uycTGmIXbw_Y83p9 | de-DE | adult | masculine | Tobias | A low-pitched German adult voice that delivers technical details with care and precision.
H0GE4TqfCQGmpQhL | de-DE | adult | masculine | Daniel | A warm and resonant German adult voice that sounds like a friendly student peer.
-WFy9WtlQNE-dEV2 | de-DE | adult | masculine | Tim | A steady and resonant German adult voice ideal for professional customer care interactions.
ZsVFAOnjnEPxJVDI | de-DE | adult | masculine | Philipp | A balanced German adult voice that reads books with a smooth immersive flow.
H3Rh9kJcd4gZidvN | de-DE | adult | masculine | Maximilian | A warm German adult voice that educates with a calm low-pitched authority.
ApPgTz3nMHOsWxhK | de-DE | adult | feminine | Sarah | A warm low-pitched German adult voice that offers the soothing understanding of a close confidant.
XnSnbQW98he4aULg | de-DE | adult | masculine | Florian | A warm German adult voice that delivers news with a high resonant clarity.
AEJ61XaIaRill4cJ | de-DE | adult | feminine | Katharina | A steady low-pitched German adult voice designed for steady and engaging book reading.
T2NDxsof9FHYxgJj | de-DE | adult | feminine | Mona | A warm and smooth German adult voice that brings a tutor's patience to any script.
wBgI9XmASQwvQ13w | de-DE | adult | feminine | Laura | A warm German adult voice that teaches and guides with a kind high-pitched tone.
uF8PfAXrv6qU9UEM | de-DE | adult | masculine | Felix | A smooth German adult voice perfect for straightforward journalistic reporting.
FRTqjB2TL-Ix9GXW | de-DE | adult | feminine | Julia | A warm and conversational German adult voice that sounds like a relatable student.
xki1DK6Ks6tuDmcb | de-DE | adult | masculine | Alexander | A warm German adult voice that reports with journalistic integrity and a resonant tone.
5UkFVe2B8OqLo-5R | de-DE | adult | masculine | Lukas | A low-pitched German adult voice that conveys the authority of a seasoned expert.
1D38wv1wp-H7QcyM | de-DE | adult | masculine | Jan | A balanced German adult voice with a high pitch ideal for clear customer care.
`;
