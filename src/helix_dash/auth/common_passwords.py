"""Passwords of twelve and more characters that everybody tries first; shorter ones are refused for their length.

In small letters; they are compared with what remains of a password without blanks.
"""

from __future__ import annotations

_WORDS = """
    000000000000 0000000000000 111111111111 1111111111111 112233445566 121212121212 123123123123 123321123321
    1234512345123 123451234512345 123456123456 1234567654321 12345678900987654321 123456789012 1234567890123
    12345678901234 123456789012345 1234567890123456 12345678901234567890 123456789abc 123456789qwe 123qweasdzxc
    123qwe123qwe 147258369147 159357159357 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv
    222222222222 333333333333 555555555555 666666666666 777777777777 888888888888 987654321987 987654321098
    999999999999 9876543210123 a1b2c3d4e5f6 a1s2d3f4g5h6 aaaaaaaaaaaa abc123abc123 abc123456789 abcabcabcabc
    abcd12345678 abcdefghijkl abcdefghijklm abcdefghijklmnopqrstuvwxyz admin1234567 admin12345678 admin123456789
    adminadminadmin adminadmin123 adminpassword administrator administrator1 administrator123 administrator!
    asdfasdfasdf asdfghjkl123 asdfghjkl1234 asdfghjklqwertyuiop asdfghjklzxcvbnm changemechangeme changeme1234
    changeme12345 changemeplease changethispassword correcthorsebatterystaple dashboard123 dashboard1234
    defaultpassword dragondragon helixdash123 helixdashhelixdash helixhelixhelix iloveyou1234 iloveyou12345
    iloveyouiloveyou letmeinletmein letmeinplease letmein12345 letmein123456 mypassword12 mypassword123
    mypassword1234 mynewpassword monkeymonkey openopenopen p@ssw0rd1234 p@ssw0rd12345 p@ssw0rdp@ssw0rd
    passpasspass passw0rd1234 passw0rd12345 passwordpassword password1234 password12345 password123456
    password1234567 password12345678 password123456789 password2024 password2025 password2026 password2027
    password!!!! password123! password1234! password123!@# passwordadmin passwort1234 princess1234 q1w2e3r4t5y6
    qazwsxedcrfv qazwsxedc123 qwe123qwe123 qweasdzxc123 qwer1234qwer qwertyqwerty qwerty123456 qwerty1234567
    qwerty12345678 qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiop[] qwertyuiopasdfghjkl
    qwertyuiopasdfghjklzxcvbnm secretsecret secretpassword sunshine1234 superman1234 supersecret123 test12345678
    testtesttest testpassword thisisapassword thisismypassword trustno1trustno1 welcome12345 welcome123456
    welcomewelcome zaq12wsxcde3 zaq1zaq1zaq1 zxcvbnm12345 zxcvbnmzxcvbnm
"""

COMMON: frozenset[str] = frozenset(_WORDS.split())
