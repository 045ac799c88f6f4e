"""The resident as Django's users declare it."""

from django.db import models
from schema import AREAS, PEOPLES, SEXES, STATES


class Unit(models.Model):
    name = models.CharField(max_length=200)

    class Meta:
        managed = False
        db_table = "unit"

    def __str__(self):
        return self.name


class Resident(models.Model):
    citizen_id = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    sex = models.CharField(max_length=32, choices=SEXES.items())
    birth = models.DateField()
    ethnicity = models.CharField(max_length=32, choices=PEOPLES.items())
    area = models.CharField(max_length=6, choices=AREAS.items())
    address = models.CharField(max_length=200, null=True, blank=True)
    moved_in = models.DateField(null=True, blank=True)
    verification = models.CharField(max_length=32, choices=STATES.items())
    unit = models.ForeignKey(Unit, models.PROTECT)
    version = models.IntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=200, null=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=200, null=True, editable=False)

    class Meta:
        managed = False
        db_table = "resident"

    def __str__(self):
        return self.name


class Anybody(Resident):
    """The same residents in a list of their own, to be searched by more than the name."""

    class Meta:
        proxy = True
