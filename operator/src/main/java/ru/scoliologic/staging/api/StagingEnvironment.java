package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A whole staging environment: ingress with certificates, application, PostgreSQL and Redis. */
@Group(StagingEnvironment.GROUP)
@Version(StagingEnvironment.VERSION)
@ShortNames("stenv")
@JsonClassDescription(
    "A whole staging environment: ingress with certificates, application, PostgreSQL and Redis.")
@ValidationRule(
    value = "size(self.metadata.name) <= " + StagingEnvironment.MAX_NAME,
    message = StagingEnvironment.MAX_NAME_MESSAGE)
@ValidationRule(
    value = "self.metadata.name.matches('" + StagingEnvironment.NAME_PATTERN + "')",
    message = StagingEnvironment.NAME_MESSAGE)
@AdditionalPrinterColumn(
    name = "READY",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "STAGE",
    jsonPath = ".status.stage",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "VERSION",
    jsonPath = ".status.app.serving",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "URL",
    jsonPath = ".status.urls.app",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "AGE",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
    name = "BRANCH",
    jsonPath = ".spec.gitops.branch",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "ATTEMPT",
    jsonPath = ".status.app.attempt",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "MESSAGE",
    jsonPath = ".status.message",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
public class StagingEnvironment
    extends CustomResource<StagingEnvironmentSpec, StagingEnvironmentStatus> implements Namespaced {

  public static final String GROUP = "staging.scoliologic.ru";
  public static final String VERSION = "v1alpha1";
  public static final int MAX_NAME = 40;
  public static final String MAX_NAME_MESSAGE =
      "metadata.name is too long: an environment's name has at most 40 characters, for its objects"
          + " are named after it";
  public static final String NAME_PATTERN = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
  public static final String NAME_MESSAGE =
      "metadata.name must start with a letter and hold only a-z, 0-9 and '-': its Services are"
          + " named after it";

  /** Whether commits of a branch are rolled out, which adds a fifth stage. */
  public boolean followsBranch() {
    return getSpec() != null && getSpec().gitops() != null;
  }
}
