/** The agent that follows a Git branch: what it runs in, and how it fares. */
package ru.scoliologic.staging.gitops;
