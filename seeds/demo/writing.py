"""Mail between colleagues, news, and the video library."""

from datetime import date, timedelta
from typing import Any

from app.declare import Classification
from models.documents import Urgency
from models.mail import Mail, MailReading
from models.news import NewsColumn, NewsItem, NewsState
from models.organisation import Staff
from models.video import VideoAsset, VideoColumn, VideoState
from seeds.demo.city import LAST_DAY, City
from seeds.demo.people import ACCOUNTS

MAILS = 260
MAIL_SUBJECTS = (
    ("请报送{month}月动态信息", "请于本周五前将本单位{month}月动态信息报市政府办公室，每单位不少于两条。"),
    ("关于公文处理系统培训的通知", "定于下周三上午在行政中心培训教室举办公文处理系统操作培训，请安排系统管理员参加。"),
    ("内网机房巡检安排", "本月内网机房巡检定于 15 日进行，届时各单位网络中断约两小时，请提前做好准备。"),
    ("请核对联网单位联系人", "附上联网单位联系人名单，请核对后回复，电话如有变化请一并注明。"),
    ("请协助提供数据", "因编制{month}月简报需要，请提供贵单位系统使用情况，包括用户数和登录次数。"),
    ("项目概算意见", "贵单位报来的项目概算已阅，软件费用比重偏低，请按要求调整后再报。"),
    ("防汛值班提醒", "气象局预报明后两天有大到暴雨，请加强值班，汛情通过信息采集系统及时上报。"),
    ("会议纪要请审阅", "昨日协调会议纪要初稿已形成，请审阅，有修改意见请于今日下班前反馈。"),
)
NEWS = 320
NEWS_TITLES: dict[NewsColumn, tuple[str, ...]] = {
    NewsColumn.TODAY: ("市政府召开常务会议研究{topic}", "市领导调研{topic}", "全市{topic}工作会议召开"),
    NewsColumn.WORLD: ("外地推进{topic}的做法", "国家有关部门部署{topic}", "沿海城市{topic}经验介绍"),
    NewsColumn.SOCIETY: ("市民关注{topic}", "社区{topic}服务点增至 {number} 个", "{topic}惠及 {number} 户居民"),
    NewsColumn.DEPARTMENTS: ("{unit}扎实推进{topic}", "{unit}{topic}取得新进展", "{unit}完成{topic}任务"),
    NewsColumn.TRADES: ("{topic}行业运行平稳", "前{month}个月{topic}增长 {number} %", "{topic}行业交流会举行"),
    NewsColumn.REGIONS: ("{unit}{topic}走在前列", "{unit}出台{topic}办法", "{unit}{topic}项目开工"),
}
TOPICS = (
    "电子政务建设", "港口集装箱运输", "东海水晶交易", "海水养殖", "防汛抗旱", "招商引资", "旅游市场整顿",
    "农村公路建设", "政务公开", "社会保障", "春耕备耕", "安全生产", "城市绿化", "外贸出口", "就业再就业",
    "环境整治", "校园网络建设", "疾病预防控制",
)  # fmt: skip
VIDEOS = 72
VIDEO_TITLES: dict[VideoColumn, tuple[str, ...]] = {
    VideoColumn.NEWS: ("连云港新闻 {day}", "一周要闻回顾 {day}"),
    VideoColumn.HISTORY: ("连云港开港七十年", "陇海铁路东端纪事", "孔望山摩崖造像", "将军崖岩画", "锦屏磷矿旧影"),
    VideoColumn.EVENTS: ("第{number}届水晶节开幕式", "新行政中心启用仪式", "连云港之夏旅游节 {day}"),
    VideoColumn.INTERNAL: ("电子政务内网操作讲解（{number}）", "保密教育片（{number}）", "信息安全案例（{number}）"),
    VideoColumn.FOREIGN: ("釜山港的经营", "鹿特丹港口城市", "新加坡电子政府", "北欧风情", "日本堺市友城纪行"),
    VideoColumn.PREVIEW: ("送审：专题片《东方桥头堡》第{number}集", "送审：招商宣传片 {number}"),
}


def fill(city: City) -> None:
    """Add all three."""
    _mails(city)
    city.add(NewsItem, [_news(city) for _ in range(NEWS)])
    city.add(VideoAsset, [_video(city, number) for number in range(1, VIDEOS + 1)])


def _mails(city: City) -> None:
    """Mail among heads, administrators and the people of the accounts; about three in four have been read."""
    rng = city.rng
    names = {cast.name for cast in ACCOUNTS if cast.position}
    cast = [person.id for members in city.staff.values() for person in members if person.name in names]
    others = [person for unit in city.units for person in (city.head(unit).id, city.administrator(unit).id)]
    circle = {row.id: row for row in city.session.query(Staff).where(Staff.id.in_([*cast, *others]))}
    readings = 0
    for _ in range(MAILS):
        sender = circle[rng.choice(cast if rng.random() < 0.4 else others)]
        chosen = rng.sample([*cast * 3, *others], rng.randrange(1, 7))
        receivers = [circle[number] for number in dict.fromkeys(chosen) if number != sender.id]
        if not receivers:
            continue
        sent = city.moment(city.day(date(2004, 1, 5)))
        subject, body = rng.choice(MAIL_SUBJECTS)
        mail = Mail(
            sender=sender, to=receivers[:4], cc=receivers[4:], subject=subject.format(month=sent.month),
            body=body.format(month=sent.month), urgency=rng.choices(list(Urgency), (70, 22, 8))[0], sent=sent,
            created_at=sent, updated_at=sent, created_by=sender.name, updated_by=sender.name,
        )  # fmt: skip
        city.session.add(mail)
        city.count(Mail, 1)
        for reader in receivers:
            if rng.random() < 0.75:
                read = sent + timedelta(minutes=rng.randrange(3, 4000))
                city.session.add(MailReading(
                    mail=mail, sender=sender, reader=reader, read=read, created_at=read, updated_at=read,
                    created_by=reader.name, updated_by=reader.name,
                ))  # fmt: skip
                readings += 1
    city.session.flush()
    city.count(MailReading, readings)


def _news(city: City) -> dict[str, Any]:
    rng = city.rng
    column = rng.choice(list(NewsColumn))
    regional = [unit for unit in city.units if unit[-1] in "县区"]
    unit = rng.choice(regional if column is NewsColumn.REGIONS else list(city.units))
    topic = rng.choice(TOPICS)
    day = city.day()
    draft = rng.random() < 0.08
    title = rng.choice(NEWS_TITLES[column]).format(
        topic=topic, unit=unit, month=max(2, day.month - 1), number=rng.randrange(6, 40)
    )
    writer = city.colleague(unit).name
    return {
        "title": title, "column": column, "unit_id": city.units[unit],
        "state": NewsState.DRAFT if draft else NewsState.PUBLISHED, "published": None if draft else day,
        "author": writer if rng.random() < 0.9 else None,
        "body": f"{title}。{unit}紧紧围绕{topic}这一重点，明确责任，加快步伐，各项工作进展顺利。",
        "made": day, "stamped_by": writer,
    }  # fmt: skip


def _video(city: City, number: int) -> dict[str, Any]:
    rng = city.rng
    column = list(VideoColumn)[number % len(VideoColumn)]
    day = city.day()
    state = VideoState.RELEASED if column is not VideoColumn.PREVIEW else VideoState.REVIEW
    internal = column in (VideoColumn.INTERNAL, VideoColumn.PREVIEW)
    return {
        "code": f"SP-{day.year}-{number:04}", "column": column, "unit_id": city.units["广电局"],
        "title": rng.choice(VIDEO_TITLES[column]).format(day=day.isoformat(), number=rng.randrange(1, 13)),
        "state": VideoState.DRAFT if rng.random() < 0.1 else state,
        "year": rng.randrange(1958, 2000) if column is VideoColumn.HISTORY else day.year,
        "seconds": None if rng.random() < 0.05 else rng.randrange(300, 3600),
        "classification": Classification.INTERNAL if internal else Classification.PUBLIC, "secrecy_years": None,
        "summary": "市广播电视台摄制，数字化后入库，可在内网点播。" if rng.random() < 0.8 else None,
        "made": min(day, LAST_DAY), "stamped_by": city.administrator("广电局").name,
    }  # fmt: skip
