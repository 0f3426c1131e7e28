"""The names that columns usually have, in the most spoken languages: by them roles are found, and headers known."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LATIN_MARK = re.compile(r"(?<=[A-Za-z])[\u0300-\u036f]+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")  # Japanese, Chinese, Korean, Thai


def fold_name(name: str) -> str:
    """Return a name in lower case, its words joined by `_`, without accents on Latin letters and what is invisible.

    `Review Text` and `reviewText` are `review_text`, `Opinión` is `opinion`.
    """
    apart = _LATIN_MARK.sub("", _INVISIBLE.sub("", unicodedata.normalize("NFD", name)))
    parted = _CAMEL.sub("_", unicodedata.normalize("NFC", apart).strip())
    return re.sub(r"[\s.\-_]+", "_", parted).strip("_").lower()


def find_unspaced_end(folded: str, known: Iterable[str]) -> str | None:
    """Return the known name with which a name ends that is written without spaces: `感情ラベル` ends in `ラベル`."""
    if folded.isascii() or not _UNSPACED.fullmatch(folded[-1:]):
        return None
    return next((name for name in known if len(name) > 1 and folded.endswith(name) and _UNSPACED.match(name)), None)


def make_distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return names made distinct: an empty or repeated one gets a number."""
    original = set(names)
    numbers: dict[str, int] = {}
    taken: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        name = name or f"column_{place}"
        free, number = name, numbers.get(name, 1)
        while free in taken or (free != name and free in original):
            number += 1
            free = f"{name}_{number}"
        numbers[name] = number
        taken[free] = None
    return tuple(taken)


def split_words(names: str) -> frozenset[str]:
    """Return the names in a text, folded."""
    return frozenset(fold_name(name) for name in names.split())


TEXT_NAMES = split_words(
    "text texts sentence sentences review reviews content body message messages tweet tweets comment comments "
    "document news headline headlines utterance question query description post article articles abstract "
    "title sms email transcript summary feedback answer answers remark remarks complaint verbatim snippet "
    "paragraph premise texto textos oracion frase frases resena comentario comentarios mensaje mensajes "
    "contenido titulo descripcion opinion pregunta resposta mensagem conteudo descricao texte textes phrase "
    "commentaire commentaires contenu titre avis testo testi commento commenti messaggio contenuto titolo "
    "descrizione recensione satz saetze sätze kommentar kommentare nachricht nachrichten inhalt beschreibung "
    "titel überschrift bewertungstext rezension frage antwort tekst bericht opmerking zin tresc treść "
    "komentarz wiadomosc opis metin yorum yorumlar cumle cümle mesaj içerik teks kalimat ulasan komentar isi "
    "pesan judul văn_bản van_ban noi_dung nội_dung maandishi maoni текст тексты отзыв отзывы комментарий "
    "комментарии сообщение содержание заголовок описание предложение вопрос твит коментар повідомлення відгук "
    "文本 文字 内容 正文 句子 评论 評論 标题 標題 消息 问题 描述 內容 テキスト 本文 文章 文 レビュー コメント "
    "感想 質問 タイトル 텍스트 본문 문장 리뷰 내용 댓글 제목 पाठ टेक्स्ट वाक्य समीक्षा टिप्पणी संदेश সামগ্রী "
    "পাঠ্য টেক্সট বাক্য মন্তব্য পর্যালোচনা متن تبصرہ جملہ پیغام نص النص تعليق التعليق مراجعة رسالة جملة "
    "المحتوى تغريدة نظر پیام טקסט תגובה ביקורת κείμενο σχόλιο κριτική ข้อความ รีวิว ความคิดเห็น 口コミ 投稿 ツイート 内容文 "
    "评语 留言 teksti arvostelu anmeldelse recension omdöme recenze szöveg vélemény recenzie"
)
"""Of texts."""

HEADING_NAMES = split_words(
    "title headline headlines summary snippet titulo titre titolo titel überschrift judul заголовок 标题 標題 タイトル "
    "제목 शीर्षक শিরোনাম عنوان"
)
"""Of texts that stand above longer ones: where another column has those, the name alone decides nothing."""

TEXT_PAIRS = (
    ("premise", "hypothesis"),
    ("question", "passage"),
    ("question", "context"),
    ("question", "sentence"),
    ("query", "passage"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("sentence_1", "sentence_2"),
    ("text_a", "text_b"),
)
"""Of two texts that are judged together: neither is the text alone."""

LABEL_NAMES = split_words(
    "label labels class classes category categories sentiment target intent topic polarity rating stars "
    "emotion tag annotation overall subreddit genre genres verdict gold etiqueta etiquetas clase categoria categoría "
    "sentimiento polaridad calificacion valoracion emocion rotulo rótulo classe sentimento avaliacao avaliação "
    "emocao étiquette etiquette catégorie categorie etichetta emozione punteggio klasse kategorie bewertung "
    "gefühl stimmung emotionen etikett urteil sentyment kategoria etykieta klasa etiket sinif sınıf kategori "
    "duygu duygular kelas sentimen emosi nhãn nhan метка метки класс категория тональность оценка эмоция тема "
    "рубрика мітка клас оцінка 标签 標籤 类别 類別 分类 分類 情感 情绪 类型 评分 星级 ラベル カテゴリ "
    "カテゴリー クラス 評価 感情 極性 레이블 라벨 분류 감정 카테고리 평점 लेबल श्रेणी वर्ग भावना लেবেল লেবেল "
    "শ্রেণী শ্রেণি অনুভূতি لیبل زمرہ جذبات تسمية التسمية تصنيف التصنيف فئة الفئة المشاعر برچسب دسته احساس "
    "תווית תיוג סיווג קטגוריה ετικέτα κατηγορία συναίσθημα ป้ายกำกับ หมวดหมู่ ประเภท ความรู้สึก 分類 種別 감성 유형 "
    "betyg klass etikett etiket hodnocení štítek třída kategória címke osztály luokka categorie clasă"
)
"""Of labels."""

SPLIT_COLUMNS = split_words("split set partition subset fold data_split dataset_split")
"""Of what says train, val or test."""

ID_NAMES = split_words(
    "id row_id uid uuid guid no nr respondent_id text_id doc_id docid identifier identifiant ид 编号 編號 番号 "
    "번호 আইডি معرف شناسه"
)
"""Of what names each row."""

NUMBER_NAMES = split_words("ids num number idx index key numero número nummer номер 序号 क्रमांक رقم")
"""Of what may name rows or count something."""

COUNT_NAMES = split_words(
    "count counts likes like_count votes upvotes downvotes helpful retweets retweet_count replies shares views "
    "favorites favourites followers length words characters price amount quantity age score_count num_comments "
    "likescount duration positives total weight width height lat lon latitude longitude zip"
)
"""Of counts and measures, which are no labels however few values they have."""

METADATA_NAMES = split_words(
    "source domain lang language country region user author platform device brand date year month url method "
    "annotation_id lead_time completed_by status state assignee assigned_to reporter owner verified verified_purchase "
    "vine speaker turn dialogue_id conversation_id session_id thread_id channel version os browser city "
    "augmented annotator source_id day time timestamp created updated created_at updated_at environment env "
    "file filename fecha datum data_da дата 日期 日付 날짜 तारीख তারিখ تاريخ تاریخ "
    "requester worker email ip kanal canal origen origem fuente fonte quelle herkunft bron kaynak источник канал "
    "來源 来源 渠道 平台 用户 用户名 作者 城市 地区 国家 ユーザー 投稿者 出典 언어 출처 автор пользователь город "
    "страна язык usuario benutzer nutzer utilisateur auteur utente autore autor kullanici ciudad cidade ville stadt "
    "citta sehir pais pays idioma langue lingua sprache dil المصدر المستخدم المدينة الدولة اللغة स्रोत उपयोगकर्ता भाषा "
    "शहर देश উৎস ভাষা شہر زبان"
)
"""Of what describes where a text comes from, not what it says, however few values it has."""

METADATA_ENDS = split_words(
    "id ids uid uuid guid date time timestamp url link user username author email ip file filename path lang language"
)
"""Last words of what describes where a text comes from: `worker_id`, `Create date`."""

CLASS_NAME_KEYS = split_words(
    "label_names labels_names target_names class_names classnames labelnames category_names intent_names int2str "
    "id2label label2id id_to_label label_to_id idx2label label2idx index_to_label class_to_idx idx_to_class "
    "label_map labels_map label_mapping class_labels"
)
"""Of the names of all classes, and of nothing else, beside the records of a JSON document."""

LIKELY_CLASS_NAME_KEYS = split_words("labels classes categories names intents topics tags targets")
"""Of the names of all classes, or of something else."""
