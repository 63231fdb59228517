"""Vocabulary of remarks: patterns that rules.py is built from."""

LOCKER = (
    r"(?:快递柜|丰巢|蜂巢|柜子|自提柜|智能柜|储物柜|自提点|驿站|菜鸟|代收|快递点|快递站|代理点"
    r"|lockers?|(?:parcel|package) ?(?:box|shop|point)e?s?|pick-?up ?(?:point|location|shop|station)s?"
    r"|collection ?points?|drop-?off point|access point|packstation|post office)"
)
DOOR = (
    r"(?:门口|门外|门边|门前|家门|门垫|地垫|鞋柜|门把手?"
    r"|door ?step|door ?mat|(?:front |back )?door|porch|outside|entrance)"
)
PUT = r"(?:放|搁|丢|扔|摆|置|挂|留|存|leave|left|drop|put|place|set)"
ELSEWHERE = (
    r"(?:前台|门卫|保安|物业|传达室|收发室|岗亭|大堂|邻居|隔壁|超市|小卖部|车库"
    r"|reception|concierge|neighbou?rs?|doorman|front desk|garage|back ?yard|shed|mail ?room|security|safe place)"
)
CALL = (
    r"(?:电话|来电|电联|致电|去电|联系|通知|打我|打给我|打过来|说一声|知会|吱一声|喊我|打招呼"
    r"|\bcal?ls?\b|\bphone\b|telephone|\bcontact\b|\bring (?:me|my|ahead|before|first|when)"
    r"|text me|whatsapp|\bmessage me|\bsms\b|let me know|heads up|buzz)"
)
BEFORE = (
    r"(?:(?:送|派|配|到|来|上门).{0,4}前|之前|来前|快到|(?:到|送)(?:达|了|的时|楼下|小区|门口|货)|到后"
    r"|再送|先|提前|事先|预先|事前|务必|保持"
    r"|before|\bb4\b|first|ahead|prior|in advance|(?:on|upon) arrival|arriving|driver|minutes"
    r"|(?:when|once) (?:you|ur|near|outside|here|they|close))"
)
SHIPPING = r"(?:发货|发出|寄出|ship|dispatch|send)"
TOGETHER = (
    r"(?:一起(?=发|寄|邮|送|装|打包|走|出|放|$)|一起(?=.{0,3}订单)|一块(?=发|寄|邮|送|装|打包|走|$)"
    r"|一并|合并|合在一起|合到一|合起来|合单|拼单|并单|拼在?一|凑一|并成一|连同"
    r"|同一个?包裹|一个包裹|一个箱|一箱|一个盒"
    r"|\bcombin|together|\bmerge|consolidate|bundle|all in one|in one go|group my|join with|one delivery"
    r"|both (?:orders )?(?:in|together)|(?:same|one|single) (?:box|parcel|package|shipment))"
)
WRAP = (
    r"(?:礼品?物?包装|礼盒|礼品盒|礼品袋|礼品纸|礼物纸|礼袋|包装纸"
    r"|gift[ -]?wrap\w*|gift[ -]?(?:box|bag|paper|packag\w+)|wrap\w*)"
)
URGENT = (
    r"(?:加急|急件|急单|急死|急着|急等|特急|急需|急用|火急|紧急|着急|很急|比较急|急+$|^急"
    r"|(?:非常|真的?|特别|超|好)急|赶着|赶时间|火速|等着(?:要|救|用)|插队|优先(?:处理|发|安排)|第一时间|最快|最高优先"
    r"|\burgent\w*|\brush\b|\bexpedite[ds]?\b|\bemergency\b|\bpriority\b|right (?:away|now)|immediately"
    r"|in a hurry|prioriti[sz]e|\btime critical|fast track|as fast as possible|desperate)"
)
