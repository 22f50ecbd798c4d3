"""Names of months by Unicode CLDR (Babel 2.18.0), written by scripts/write_months.py: change that, not this.

A line a month, January first; folded as `core.dates` folds. Below, the weekdays among them.
"""

from __future__ import annotations

BY_CLDR = """
ean eanair ene enero gen gener gennaio ian ianuarie ion ionawr jaan jaanuar jan janaayo janairu janar janeiro \
jannaayo jannar januar januara januari januarie january janv janvaris janvier led leden ledna oca ocak saus sausio \
sausis sij sijecanj sijecnja sty styczen stycznia tammi tammikuu tammikuuta urt urtarrila xan xaneiro yan yanvar \
yanwar ιαν ιανουαριος ιανουαριου нэгдүгээр_сар сту студзень студзеня січ січень січня янв январ январь января яну \
януари јан јануар јануари қаң қаңтар հնվ հունվար հունվարի בינו בינואר ינו ינואר جانفي جنو جنوري جنوری كانون_الثاني \
يناير ژانویه जनवरी जन॰ जाने जानेवारी জানু জানুযারী ஜன ஜனவரி జన జనవరి ජන ජනවාරි ม_ค มกราคม ມ_ກ ມັງກອນ ဇန ဇနနဝါရီ იან \
იანვარი ጃን ጃንዋሪ ጥሪ មករា
chw chwef chwefror fab faburairu feabh feabhra feb febbraio febr febraayo febreiro febrer febrero februar februara \
februari februarie februaris february fev fevereiro fevr fevral fevrier few fewral fra frar helmi helmikuu \
helmikuuta lut lutego luty ots otsaila shk shkurt sub subat uno unor unora vas vasario vasaris veebr veebruar velj \
veljaca veljace φεβ φεβρουαριος φεβρουαριου ақп ақпан лют лютага лютии лютого люты феб фебруар фев февр феврал \
февраль февраля февруари хоердугаар_сар փետրվար փետրվարի փտվ בפבר בפברואר פבר פברואר شباط فبراير فبروري فبروری فروری \
فوریه فيبروري فيفري فېبروري फरवरी फर॰ फेबरु फेबरुअरी फेबरुवारी ফেব ফেবরুযারী பிப பிபரவரி ఫిబర ఫిబరవరి පෙබ පෙබරවාරි \
ก_พ กมภาพันธ์ ກ_ພ ກມພາ ဖေ ဖေဖောဝါရီ თებ თებერვალი ለካ ለካቲት ፌብ ፌብሩዋሪ កុមភៈ
bre brezen brezna kov kovas kovo maalis maaliskuu maaliskuuta maarso maart mac machi mar marc marca march marcius \
marco marec maret maris mars mart marta martie marts martxoa marz marzec marzo marzu maw mawrth mrt ozu ozujak \
ozujka μαρ μαρτιος μαρτιου бер березень березня гуравдугаар_сар мар март марта нау наурыз сак сакавік сакавіка մարտ \
մարտի մրտ במרץ מרץ اذار مارس مارچ मारच মারচ மார மாரச మారచి මාර මාරතු มี_ค มีนาคม ມ_ນ ມີນາ မတ მარ მარტი መጋ መጋቢት ማርች \
មីនា
abr abriil abril afi afirilu aib aibrean api apirila apr aprel april aprila aprile aprili aprilie aprilis aprill avr \
avril bal balandis balandzio dub duben dubna ebr ebrill huhti huhtikuu huhtikuuta kwi kwiecien kwietnia nis nisan \
pri prill tra travanj travnja απρ απριλιος απριλιου апр апрел апрель апреля април дөрөвдүгээр_сар квіт квітень \
квітня кра красавік красавіка сәу сәуір ապր ապրիլ ապրիլի אפר אפריל באפר באפריל ابريل افريل اوریل اپريل اپریل نيسان \
अपरिल अपरैल एपरि एपरिल এপরি এপরিল ஏப ஏபரல ఏపరి ఏపరిల අපරෙල เม_ย เมษายน ມ_ສ ເມສາ ဧပြီ აპრ აპრილი ሚያ ሚያዝያ ኤፕሪ ኤፕሪል \
មេសា
beal bealtaine geg geguze geguzes kve kveten kvetna maayo mag maggio mai maiatza maig maijs maio maj maja majus may \
mayo mayu mayıs mei mej mejju svi svibanj svibnja touko toukokuu toukokuuta μαι μαιος μαιου маи мам мамыр мая мај \
тавдугаар_сар трав травень травня մայիս մայիսի մյս במאי מאי ايار ماي مايو مه ميي ميی می مۍ मई मे মে மே మే මැයි พ_ค \
พฤษภาคม ພ_ພ ພຶດສະພາ မေ მაი მაისი ሜይ ጉንበት ግን ឧសភា
birz birzelio birzelis cerven cervna cvn cze czerwca czerwiec eka ekaina giu giugno gun gunju haz haziran iun iunie \
iyn iyun juin jun juna june junho juni junie junij junijs junio junius juny juun juuni kesa kesakuu kesakuuta lipanj \
lipnja meh mehefin meith meitheamh qer qershor xuno yun yuni ιουν ιουνιος ιουνιου зургаадугаар_сар июн июнь июня мау \
маусым черв червень червня чэр чэрвень чэрвеня юни јун јуни հնս հունիս հունիսի ביוני יוני جوان جون حزيران يونيو ژوين \
जुन जून জুন ஜூன జూన ජූනි มิ_ย มิถนายน ມິ_ຖ ມິຖນາ ဇွန ივნ ივნისი ሰነ ጁን មិថុនា
cervence cervenec cvc gor gorff gorffennaf heina heinakuu heinakuuta iuil iul iulie iyl iyul juil juillet jul jula \
julai julho juli julie julij julijs julio juliol julius july juuli korr korrik liep liepa liepos lipca lipiec lug \
luglio lul lulju luulyo srpanj srpnja tem temmuz uzt uztaila xul xullo yul yuli ιουλ ιουλιος ιουλιου долоодугаар_сар \
июл июль июля лип липень липня ліп ліпень ліпеня шіл шілде юли јул јули հլս հուլիս հուլիսի ביולי יולי تموز جول جولاء \
جولايی جولای جويلية يوليو يوليوز ژويیه जुलाई जुलै जुल॰ জুল জুলাই ஜூலை జులె ජූලි ก_ค กรกฎาคม ກ_ລ ກໍລະກົດ ဇူ ဇူလိုင \
ივლ ივლისი ሓም ሓምለ ጁላይ កកកដា
abu abuztua ago agost agosti agosto agu agust agusta agustos agustus aout aug august augusta augusti augusts \
augustus augusztus avg avgust avq avqust awg awgust awst aww awwissu elo elokuu elokuuta gush gusht kol kolovoz \
kolovoza lun lunasa ogo ogos ogosto ogs rugp rugpjucio rugpjutis sie sierpien sierpnia srpen srpna αυγ αυγουστος \
αυγουστου авг август августа жні жнівень жніуня наимдугаар_сар серп серпень серпня там тамыз օգոստոս օգոստոսի օգս \
אוג אוגוסט באוג באוגוסט اب اغسطس اغشت اوت اګست اگست اگسٽ غشت अगसट अगसत अग॰ ऑग ऑगसट আগ আগসট ஆக ஆகஸட ఆగ ఆగసటు අගො \
අගොසතු ส_ค สิงหาคม ສ_ຫ ສິງຫາ ဩဂုတ აგვ აგვისტო ነሓ ነሓሰ ኦገስ ኦገስት សីហា
eyl eylul ira iraila mean_fomhair medi mfomh rugs rugsejis rugsejo ruj rujan rujna sat satumba seb sebteembar \
sebtembar sen sentabr sentyabr sep sept septemba septembar september septembra septembre septembrie septembris \
septiembre set setembre setembro settembre settembru sht shtator syys syyskuu syyskuuta szept szeptember wrz \
wrzesien wrzesnia zar zari σεπ σεπτεμβριος σεπτεμβριου вер верасень верасня вересень вересня есдүгээр_сар сен сент \
сентябр сентябрь сентября сеп септембар септември қыр қыркүиек սեպ սեպտեմբեր սեպտեմբերի בספט בספטמבר ספט ספטמבר \
ايلول سبتمبر ستمبر سيپٽمبر سپتامبر سپتمبر سېپتمبر شتمبر شتنبر सपटें सपटेंबर सितंबर सित॰ सेपटेमबर সেপ সেপটেমবর செப \
செபடமபர సెపటెం సెపటెంబర සැප සැපතැමබර ก_ย กันยายน ກ_ຍ ກັນຍາ စက စကတငဘာ სექ სექტემბერი መስ መስከረም ሴፕቴ ሴፕቴምበር កញញា
deireadh_fomhair dfomh eki ekim hyd hydref loka lokakuu lokakuuta oct october octobre octombrie octubre okt oktabr \
oktoba oktobar oktober oktobra oktobris oktoobar oktoober oktyabr ott ottobre ottubru out outubro paz pazdziernik \
pazdziernika rij rijen rijna spal spalio spalis tet tetor urr urria οκτ οκτωβριος οκτωβριου аравдугаар_сар жовт \
жовтень жовтня кас кастрычнік кастрычніка окт октобар октомври октябр октябрь октября қаз қазан հոկ հոկտեմբեր \
հոկտեմբերի אוק אוקטובר באוק באוקטובר اكتوبر اکتبر اکتوبر اڪٽوبر تشرين_الاول अकटूबर अकटू॰ अकटोबर ऑकटो ऑकटोबर অকটো \
অকটোবর அக அகடோபர అకటో అకటోబర ඔක ඔකතොබර ต_ค ตลาคม ຕ_ລ ຕລາ အောက အောကတိုဘာ ოქტ ოქტომბერი ኦክቶ ኦክቶበር ጥቅ ጥቅምቲ តុលា
aza azaroa kas kasım lapkr lapkricio lapkritis listopadu marras marraskuu marraskuuta nen nentor nof noiembrie \
noofeembar nov novemba novembar november novembra novembre novembris novembro novembru noviembre noy noyabr nuw \
nuwamba samh samhain stu studeni studenoga tach tachwedd νοε νοεμβριος νοεμβριου арван_нэгдүгээр_сар лист листопад \
листопада ліс лістапад лістапада нов новембар ное ноември ноя нояб ноябр ноябрь ноября қар қараша նոյ նոյեմբեր \
նոյեմբերի בנוב בנובמבר נוב נובמבר تشرين_الثاني نوامبر نوفمبر نومبر نونبر नवंबर नव॰ नोभेमबर नोवहें नोवहेंबर নভে \
নভেমবর நவ நவமபர నవం నవంబర නොවැ නොවැමබර พ_ย พฤศจิกายน ພ_ຈ ພະຈິກ နို နိုဝငဘာ ნოე ნოემბერი ሕዳ ሕዳር ኖቬም ኖቬምበር វិចឆិកា
abe abendua ara aralık dec decembar december decembra decembre decembrie decembris decembro dek dekabr des desemba \
desember desembre dets detsember dez dezember dezembro dhj dhjetor dic dicembre dicembru diciembre dis disamba \
diseembar disember gru grudnia grudzien gruod gruodis gruodzio joulu joulukuu joulukuuta noll nollaig pro prosinac \
prosinca prosince prosinec rhag rhagfyr δεκ δεκεμβριος δεκεμβριου арван_хоердугаар_сар груд грудень грудня дек \
декабр декабрь декабря декември дец децембар жел желтоқсан сне снежань снежня դեկ դեկտեմբեր դեկտեմբերի בדצמ בדצמבר \
דצמ דצמבר دجمبر دجنبر دسامبر دسم دسمبر ديسمبر كانون_الاول ڊسمبر डिसें डिसेंबर डिसेमबर दिसंबर दिस॰ ডিসে ডিসেমবর டிச \
டிசமபர డిసెం డిసెంబర දෙසැ දෙසැමබර ธ_ค ธันวาคม ທ_ວ ທັນວາ ဒီ ဒီဇငဘာ დეკ დეკემბერი ታሕ ታሕሳስ ዲሴም ዲሴምበር ធនូ
"""

WEEKDAYS = """
lun mar maw paz sat sen sht sub
"""
