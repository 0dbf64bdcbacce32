/** The agent that follows a Git branch: its pod and its health. */
package ru.scoliologic.staging.gitops;
