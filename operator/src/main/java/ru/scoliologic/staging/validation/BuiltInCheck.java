package ru.scoliologic.staging.validation;

import java.util.Arrays;
import ru.scoliologic.staging.api.SmokeReport.Result;

/** The operator's own checks of every environment, and who is responsible for each. */
public enum BuiltInCheck {
  CERTIFICATES("certificates", Owner.INGRESS),
  REDIRECT("redirect to HTTPS", Owner.INGRESS),
  HEALTH("health", Owner.APP),
  HEALTH_IN_FULL("health in full", Owner.APP),
  FRONT_PAGE("front page in time", Owner.APP),
  DASHBOARD_CLOSED("dashboard is closed", Owner.INGRESS),
  DASHBOARD_OPENS("dashboard opens", Owner.INGRESS),
  ROUTERS("routers", Owner.INGRESS),
  ACCESS_CLOSED("access closed", Owner.INGRESS),
  GRAFANA("grafana", Owner.INGRESS);

  /** Group of these checks in the report. */
  static final String GROUP = "environment";

  /** The party that must act when the check fails. */
  public enum Owner {
    /** The environment around the application: no version is rolled back for it. */
    INGRESS,
    /** The serving version. */
    APP
  }

  private final String title;
  private final Owner owner;

  BuiltInCheck(String title, Owner owner) {
    this.title = title;
    this.owner = owner;
  }

  public String title() {
    return title;
  }

  public Owner owner() {
    return owner;
  }

  /** Whether the result is of a check for which no version is responsible. */
  public static boolean isOfTheIngress(Result result) {
    return GROUP.equals(result.group())
        && Arrays.stream(values())
            .anyMatch(check -> check.owner == Owner.INGRESS && check.title.equals(result.name()));
  }
}
