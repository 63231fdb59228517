"""What packed values have in common (models/packed.py)."""

# Rows of every version are read with it: a word that is missing costs bytes, and a change loses rows. Add another one.
WORDS_1 = (
    "days late, asked for does not take goods of the class is not used for has no rate from no rate on record"
    " takes g at most, and a parcel weighs China Hong Kong, Macao and Taiwan Europe Japan Korea domestic remote"
    "北京市天津市河北省山西省内蒙古自治区辽宁省吉林省黑龙江省上海市江苏省浙江省安徽省福建省江西省山东省河南省湖北省湖南省"
    "广东省广西壮族自治区海南省重庆市四川省贵州省云南省西藏自治区陕西省甘肃省青海省宁夏回族自治区新疆维吾尔自治区"
    "广州市深圳市杭州市南京市苏州市成都市武汉市"
    '{"carrier":"YTO Express","by":"tms","eligible":true,"why":"19.50 CNY in the zone next province, 2 days",'
    '"days":2,"cost_minor":1950,"cost_currency":"CNY"},'
    '{"carrier":"DHL Express","by":"dhl","eligible":true,"why":"708.00 CNY in the zone worldwide, 4 days","days":4,'
    '"cost_minor":70800,"cost_currency":"CNY"},{"carrier":"UPS","by":"tms","eligible":true,'
    '"why":"740.00 CNY in the zone worldwide, 5 days","days":5,"cost_minor":74000,"cost_currency":"CNY"}]'
    '[{"carrier":"SF Express","by":"sf","eligible":false,"why":"does not go to GB","days":null,"cost_minor":null,'
    '"cost_currency":null},{"carrier":"JD Logistics","by":"jd","eligible":true,'
    '"why":"17.00 CNY in the zone same province, 1 days","days":1,"cost_minor":1700,"cost_currency":"CNY"},'
    '["unpaid","wrong_amount","wrong_sums","incomplete_address","unclear_region","wrong_form","wrong_phone",'
    '"undeliverable","remote_area","unknown_store","test_order","unknown_goods","not_for_sale","wrong_channel",'
    '"too_many","part_on_its_own","duplicate","blocked_buyer","too_often","unusual_amount","unclear_remarks",'
    '"prohibited_goods","not_carried","no_real_name","not_positive_listed","over_order_limit",'
    '"over_year_limit","around_the_limit","wrong_tax"]'
    '{"payment":{"status":"captured","paid":"45.00 CNY","due":"45.00 CNY","parts":"45.00 CNY"},"address":{"country":'
    '"CN","province":"","city":"","district":"","carriers":["SF Express","JD Logistics","YTO Express","DHL Express",'
    '"UPS"]},"goods":{"channel":"","lines":2,"units":{"":2,"":1},"twin":""},"buyer":{"customer_id":"C-","recent_orders":0,'
    '"earlier_orders":0,"usual_amount":"0.00 CNY"},"remarks":{"instructions":[]},"cross_border":{"cross_border":true,'
    '"value":"1000.00 CNY","year_used":"0.00 CNY","near_used":"0.00 CNY","near_orders":0,"id_last4":""}}'
    '"cross_border":{"cross_border":false}}'
    '[{"location_id":"","whole":false,"units":4,"terms":{"freight":1300,"lead_time":320,"late":0,"processing":230,'
    '"load":0},"total":1850},{"location_id":"","whole":true,"units":1,"terms":{"freight":2500,"lead_time":512,"late":0,'
    '"processing":640,"load":0},"total":3404}]'
    '{"units":{"":2,"":1},"grams":{"":500,"":500},"candidates":[{"location_id":"","available":{"":400,"":400},'
    '"kind":"supplier","priority":100,"kilometers":8000.0,"carrier":"DHL Express","rate":{"first":18000,'
    '"first_grams":500,"step":4800,"step_grams":500},"hours":112.0,"spread":24.0,"load":0.0},{"location_id":"",'
    '"available":{"":40,"":40},"kind":"store","priority":100,"kilometers":1200.0,"carrier":"SF Express",'
    '"rate":{"first":1800,"first_grams":1000,"step":700,"step_grams":1000},"hours":64.0,"spread":12.0,"load":0.0},'
    '{"location_id":"","available":{"":20,"":20},"kind":"warehouse","priority":100,"kilometers":0.0,'
    '"carrier":"JD Logistics","rate":{"first":1100,"first_grams":1000,"step":200,"step_grams":1000},"hours":40.0,'
    '"spread":6.0,"load":0.0}]}'
)
