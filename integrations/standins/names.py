"""Words that people and companies are made of. ``shown|letters`` gives the letters for an address."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Culture:
    weight: int
    country: str  # ISO 3166 English short name
    phone: str  # # is a digit
    mobile: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    jobs: tuple[str, ...] = ()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


CULTURES = (
    Culture(
        22, "United States", "+1 212 555 01##", "+1 415 555 01##",
        _split("Olivia, Emma, Amelia, Charlotte, Liam, Noah, James, Elijah, Henry, Theodore, Ava, Grace, Ethan, Mason, "
               "Zoë|zoe, Chloe, Lucas, Harper, Marcus, Denise"),
        _split("Smith, Johnson, Williams, Brown, Garcia, Miller, Davis, Martinez, Wilson, Anderson, Taylor, Moore, "
               "O'Brien, Jackson, Lee, Walker, Young, King, Wright, Nguyen"),
        _split("New York, Austin, Chicago, Seattle, Denver, Boston, Portland, Atlanta"),
    ),
    Culture(
        10, "United Kingdom", "+44 20 7946 0###", "+44 7700 900###",
        _split("Oliver, George, Isla, Freya, Poppy, Alfie, Harriet, Rhys, Niamh, Callum, Eleanor, Angus, Priya"),
        _split("Jones, Evans, Thomas, Hughes, Roberts, Wood, Clarke, Patel, Campbell, Murray, Shaw, Whitfield, Ahmed"),
        _split("London, Manchester, Bristol, Leeds, Edinburgh, Cardiff"),
    ),
    Culture(
        9, "Germany", "+49 30 #######", "+49 151 ########",
        _split("Lukas, Finn, Jürgen|juergen, Sören|soeren, Anna, Lena, Käthe|kaethe, Mia, Jonas, Felix, Greta, Heike"),
        _split("Müller|mueller, Schmidt, Schneider, Weber, Wagner, Becker, Schäfer|schaefer, Koch, Bauer, Großmann|"
               "grossmann, Vogel, Krüger|krueger"),
        _split("Berlin, Hamburg, München, Köln, Leipzig, Stuttgart"),
        _split("Geschäftsführerin, Vertriebsleiter, Leiter Einkauf, Referentin Marketing, Softwareentwickler"),
    ),
    Culture(
        8, "France", "+33 1 70 18 ## ##", "+33 6 39 98 ## ##",
        _split("Chloé|chloe, Léa|lea, Hugo, Inès|ines, Louis, Gaël|gael, Camille, Théo|theo, Jean-Luc, Amélie|amelie"),
        _split("Martin, Bernard, Dubois, Lefèvre|lefevre, Moreau, Girard, Roux, Fournier, Gérard|gerard, d'Arcy"),
        _split("Paris, Lyon, Marseille, Toulouse, Nantes, Strasbourg"),
        _split("Directrice générale, Responsable commercial, Chef de projet, Ingénieure d'affaires"),
    ),
    Culture(
        7, "Italy", "+39 02 #######", "+39 347 #######",
        _split("Giulia, Francesca, Alessandro, Matteo, Chiara, Niccolò|niccolo, Marco, Elena, Davide, Sofia"),
        _split("Rossi, Russo, Ferrari, Esposito, Bianchi, Romano, Colombo, De Luca, D'Angelo, Gallo"),
        _split("Milano, Roma, Torino, Bologna, Napoli, Firenze"),
        _split("Amministratore delegato, Responsabile acquisti, Direttrice marketing"),
    ),
    Culture(
        7, "Poland", "+48 22 #######", "+48 601 ######",
        _split("Łukasz|lukasz, Małgorzata|malgorzata, Paweł|pawel, Agnieszka, Michał|michal, Zofia, Kacper, Jan, Ewa"),
        _split("Nowak, Kowalska|kowalska, Wiśniewski|wisniewski, Wójcik|wojcik, Kamiński|kaminski, Lewandowska, "
               "Zieliński|zielinski, Dąbrowska|dabrowska"),
        _split("Warszawa, Kraków, Gdańsk, Wrocław, Poznań"),
        _split("Prezes zarządu, Kierownik sprzedaży, Specjalistka ds. marketingu"),
    ),
    Culture(
        7, "Brazil", "+55 11 3###-####", "+55 11 9####-####",
        _split("João|joao, Maria Clara, Antônio|antonio, Beatriz, Gabriel, Luísa|luisa, Rafael, Thaís|thais, Caio"),
        _split("Silva, Souza, Conceição|conceicao, Oliveira, Pereira, Araújo|araujo, Gonçalves|goncalves, da Costa"),
        _split("São Paulo, Rio de Janeiro, Curitiba, Recife, Belo Horizonte"),
        _split("Diretora comercial, Gerente de vendas, Analista de marketing"),
    ),
    Culture(
        6, "China", "+86 21 5### ####", "+86 138 #### ####",
        _split("伟|wei, 芳|fang, 娜|na, 敏|min, 静|jing, 磊|lei, 洋|yang, Xiaoming, 秀英|xiuying, 俊杰|junjie"),
        _split("王|wang, 李|li, 张|zhang, 刘|liu, 陈|chen, 杨|yang, 黄|huang, Zhao, 欧阳|ouyang"),
        _split("上海, 北京, Shenzhen, 杭州, Chengdu"),
        _split("总经理, 销售总监, 采购经理, 市场专员"),
    ),
    Culture(
        6, "Japan", "+81 3 #### ####", "+81 90 #### ####",
        _split("陽菜|hina, 翔太|shota, 美咲|misaki, 健一|kenichi, Yuki, さくら|sakura, 大輔|daisuke, Naoko"),
        _split("佐藤|sato, 鈴木|suzuki, 高橋|takahashi, 田中|tanaka, 渡辺|watanabe, 山本|yamamoto, Nakamura"),
        _split("東京, 大阪, Nagoya, 福岡, 横浜"),
        _split("代表取締役, 営業部長, 購買担当, マーケティング課長"),
    ),
    Culture(
        5, "Thailand", "+66 2 ### ####", "+66 81 ### ####",
        _split("สมชาย|somchai, มาลี|malee, Somsak, กิตติ|kitti, ปรียา|preeya, Anong, ธนา|thana"),
        _split("ใจดี|jaidee, ศรีสุข|srisuk, Wongsakul, แสงทอง|saengthong, Rattanakosin, บุญมี|boonmee"),
        _split("Bangkok, เชียงใหม่, ภูเก็ต, Khon Kaen"),
        _split("กรรมการผู้จัดการ, ผู้จัดการฝ่ายขาย"),
    ),
    Culture(
        5, "India", "+91 22 #### ####", "+91 98### #####",
        _split("Aarav, Ananya, Vivaan, Ishita, Rohan, Kavya, Arjun, Meera, Sanjay, Lakshmi"),
        _split("Sharma, Iyer, Reddy, Banerjee, Singh, Mehta, Nair, Kapoor, Venkataraman"),
        _split("Mumbai, Bengaluru, Pune, Chennai, New Delhi"),
    ),
    Culture(
        4, "Spain", "+34 91 ### ####", "+34 612 ### ###",
        _split("Lucía|lucia, Martín|martin, Sofía|sofia, Íñigo|inigo, Carmen, Pablo, Begoña|begona, Hugo"),
        _split("García|garcia, Fernández|fernandez, López|lopez, Núñez|nunez, Ortega, Ruiz Gómez|ruizgomez"),
        _split("Madrid, Barcelona, Valencia, Sevilla, Bilbao"),
        _split("Directora de ventas, Jefe de compras"),
    ),
    Culture(
        4, "Netherlands", "+31 20 ### ####", "+31 6 ########",
        _split("Daan, Sanne, Lieke, Bram, Fleur, Sem, Joost, Maaike"),
        _split("de Vries, van den Berg, Jansen, Bakker, Visser, 't Hart, Meijer, IJsselstein"),
        _split("Amsterdam, Utrecht, Rotterdam, Eindhoven"),
    ),
    Culture(
        3, "Sweden", "+46 8 ### ## ##", "+46 70 ### ## ##",
        _split("Åsa|asa, Björn|bjorn, Linnéa|linnea, Oskar, Märta|marta, Elsa, Göran|goran"),
        _split("Lindqvist, Öberg|oberg, Sjöström|sjostrom, Nilsson, Åkesson|akesson, Ekström|ekstrom"),
        _split("Stockholm, Göteborg, Malmö, Uppsala"),
    ),
    Culture(
        3, "United Arab Emirates", "+971 4 ### ####", "+971 50 ### ####",
        _split("محمد|mohammed, Fatima, عمر|omar, Layla, يوسف|yousef, Noura, Khalid"),
        _split("الهاشمي|alhashimi, Al Mansoori, حداد|haddad, Rahman, الفارسي|alfarsi"),
        _split("Dubai, Abu Dhabi, Sharjah"),
    ),
    Culture(
        3, "Türkiye", "+90 212 ### ## ##", "+90 532 ### ## ##",
        _split("Ayşe|ayse, Mehmet, İrem|irem, Çağlar|caglar, Zeynep, Emre, Gül|gul"),
        _split("Yılmaz|yilmaz, Demir, Şahin|sahin, Öztürk|ozturk, Kaya, Çelik|celik"),
        _split("İstanbul, Ankara, İzmir, Bursa"),
    ),
)  # fmt: skip

JOBS = _split(
    "Chief Executive Officer, Chief Technology Officer, Chief Financial Officer, VP of Sales, VP Marketing, "
    "Head of Growth, Head of Procurement, Sales Manager, Account Executive, Key Account Manager, Marketing Manager, "
    "Content Strategist, Product Manager, Product Designer, Software Engineer, Data Analyst, Operations Manager, "
    "Office Manager, Customer Success Manager, Business Development Representative, HR Business Partner, "
    "Purchasing Agent, Supply Chain Planner, Founder, Co-founder & CEO, Partner, Consultant, Research Scientist"
)

INDUSTRIES = _split(
    "Computer Software, Information Technology, Logistics, Retail, Financial Services, Construction, Healthcare, "
    "Food & Beverages, Education, Machinery, Marketing & Advertising, Renewables & Environment, Hospitality, Legal"
)

COMPANY_STARTS = _split(
    "Northwind, Brightwater, Cobalt, Juniper, Silverline, Harbour, Redwood, Lumen, Quartz, Meridian, Foxglove, Atlas, "
    "Pinecrest, Solstice, Vertex, Marigold, Ironbridge, Bluebird, Copperfield, Evergreen, Stonegate, Tidewater, "
    "Orchard, Summit, Kestrel, Nimbus, Willow, Granite, Saffron, Polar"
)

COMPANY_ENDS = _split(
    "Logistics, Software, Analytics, Foods, Partners, Systems, Studio, Trading, Health, Energy, Robotics, Textiles, "
    "Consulting, Media, Instruments, Learning, Homes, Ventures, Motors GmbH, Labs Ltd, Design SARL, Supply Co"
)
