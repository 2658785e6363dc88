"""Function words of languages written in Latin letters: general language, no field's, so they live with the engine.

Only words that are no common English words stand here.
"""

from __future__ import annotations

ENGLISH = frozenset(
    """
        the of and to is it that for you with on are as be this have or by not but from at your can will all
        an if we they was which their more no has when what how our who so does after before than its may
        one also into only then been there these
    """.split()
)

FOREIGN: dict[str, frozenset[str]] = {
    "German": frozenset(
        """
        und der das ist nicht mit für auf ein eine einer eines einem einen dem den des sich auch wie bei aus
        nach wird werden sind haben kann oder wir sie ihre ihr zur zum über nur noch durch keine kein
    """.split()
    ),
    "French": frozenset(
        """
        le les des est et une pour dans avec sur pas qui que plus vous nous votre vos aux du par sont ses
        cette ces mais être très sans chez leur elle
    """.split()
    ),
    "Spanish": frozenset(
        """
        el los las del una con por para que es su sus como más pero sin sobre este esta son muy también piel
        y hasta puede desde cuando nuestra nuestro se
    """.split()
    ),
    "Italian": frozenset(
        """
        il lo gli della delle dei di che per con una sono anche più come nel nella alla questo questa dal
        dalla senza ogni pelle è
    """.split()
    ),
    "Portuguese": frozenset(
        """
        os as uma com para por que não mais como dos das pelo pela seu sua são você também sem muito pele ao
        à é
    """.split()
    ),
    "Dutch": frozenset(
        """
        het een van en voor met niet zijn aan ook bij naar deze dit wordt worden kan uw onze door maar geen
        huid
    """.split()
    ),
    "Polish": frozenset(
        """
        nie się jest na do dla oraz jak przez po od są jego także skóry lub przy ze może
    """.split()
    ),
    "Indonesian or Malay": frozenset(
        """
        yang dan untuk dengan tidak ini itu dari pada adalah anda akan bisa atau kulit oleh sudah dapat kami
        ke di
    """.split()
    ),
    "Turkish": frozenset(
        """
        ve bir bu için ile çok daha olarak gibi olan cilt değil en sonra kadar her ya
    """.split()
    ),
    "Swedish": frozenset(
        """
        och att det som är på av för med inte till den har ett om din hud eller kan från
    """.split()
    ),
    "Romanian": frozenset(
        """
        și în pe cu din care este sunt nu la sau pentru mai după prin fără pielea
    """.split()
    ),
    "Vietnamese": frozenset(
        """
        và của là không có cho với được các một những da này trong khi người
    """.split()
    ),
    "Czech": frozenset(
        """
        je se na pro jsou nebo také jako po při pleti kůže není který která bez od
    """.split()
    ),
    "Tagalog": frozenset(
        """
        ang ng mga sa na ay hindi ito po para kayo siya kung may din lang
    """.split()
    ),
}
