package ru.scoliologic.staging.reconcile.plan;

import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Migration;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.postgres.DatabaseTasks;

/** What is known and decided before the components plan their objects. */
public record PlanInput(
    Snapshot snapshot,
    Settings settings,
    AppResources app,
    Rollout rollout,
    Migration migration,
    DatabaseTasks tasks) {}
