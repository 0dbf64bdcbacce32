package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Backups of the database, regular and on request. */
public record DatabaseBackup(
    @Default(DEFAULT_SCHEDULE)
        @Size(min = 1, max = 100)
        @ValidationRule(
            value = "self.matches('" + SCHEDULE_PATTERN + "')",
            message = SCHEDULE_MESSAGE)
        @JsonPropertyDescription("Schedule of the backups in cron format, in UTC.")
        String schedule,
    @Default("" + DEFAULT_KEEP)
        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
            "Number of successful backups to keep. The newest three copies that a restore"
                + " or a reset made of the former state are kept in addition.")
        Integer keep,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the backup volume.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @Default("false") @JsonPropertyDescription("Whether scheduled backups are suspended.")
        Boolean suspend,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Arbitrary text. A changed value starts a backup immediately. A value that is"
                + " present when the database is created starts none.")
        String request) {

  private static final String MINUTE = "[0-5]?[0-9]";
  private static final String HOUR = "([01]?[0-9]|2[0-3])";
  private static final String DAY = "(0?[1-9]|[12][0-9]|3[01])";
  private static final String MONTH = "(0?[1-9]|1[0-2])";
  private static final String WEEKDAY = "([0-6]|SUN|MON|TUE|WED|THU|FRI|SAT)";
  private static final String STEP = "(/[1-9][0-9]?)?";

  /** Five fields, each a star, a number or a range, with a step or in a list. */
  static final String SCHEDULE_PATTERN =
      ("^([*]|" + MINUTE + "(-" + MINUTE + ")?)" + STEP)
          + ("(,([*]|" + MINUTE + "(-" + MINUTE + ")?)" + STEP + ")*")
          + (" ([*]|" + HOUR + "(-" + HOUR + ")?)" + STEP)
          + ("(,([*]|" + HOUR + "(-" + HOUR + ")?)" + STEP + ")*")
          + (" ([*]|" + DAY + "(-" + DAY + ")?)" + STEP)
          + ("(,([*]|" + DAY + "(-" + DAY + ")?)" + STEP + ")*")
          + (" ([*]|" + MONTH + "(-" + MONTH + ")?)" + STEP)
          + ("(,([*]|" + MONTH + "(-" + MONTH + ")?)" + STEP + ")*")
          + (" ([*]|" + WEEKDAY + "(-" + WEEKDAY + ")?)" + STEP)
          + ("(,([*]|" + WEEKDAY + "(-" + WEEKDAY + ")?)" + STEP + ")*$");

  static final String SCHEDULE_MESSAGE =
      "is not a schedule: give minute, hour, day, month and weekday in the form of cron, for"
          + " example '0 3 * * *' for every day at 3:00 UTC";
  static final String DEFAULT_SCHEDULE = "0 3 * * *";
  static final int DEFAULT_KEEP = 7;
  static final String DEFAULT_STORAGE = "5Gi";

  public DatabaseBackup {
    schedule = schedule == null ? DEFAULT_SCHEDULE : schedule;
    keep = keep == null ? DEFAULT_KEEP : keep;
    storage = storage == null ? DEFAULT_STORAGE : storage;
    suspend = suspend != null && suspend;
  }
}
