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
    value = "size(self.metadata.name) <= 40",
    message =
        "metadata.name is too long: an environment's name has at most 40 characters, for its"
            + " objects are named after it")
@ValidationRule(
    value = "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message =
        "metadata.name must start with a letter and hold only a-z, 0-9 and '-': its Services are"
            + " named after it")
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

  /** Whether commits of a branch are rolled out, which adds a fifth stage. */
  public boolean followsBranch() {
    return getSpec() != null && getSpec().gitops() != null;
  }
}
