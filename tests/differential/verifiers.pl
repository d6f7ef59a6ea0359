#!/usr/bin/perl
# Judges cases with Mail::DKIM (signatures and ARC chains) and Mail::SPF: one JSON
# object a line on standard input, one on standard output.  DNS answers come with
# each case; nothing else is asked.  See verifiers.py for what the objects hold.
use strict;
use warnings;

my $now = 0;
BEGIN { *CORE::GLOBAL::time = sub { $now } }    # before anything that asks for it

use JSON::PP;
use MIME::Base64;
use Net::DNS;
use Mail::DKIM::Verifier;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Mail::SPF;

# A resolver that knows one fixture.
package Fixture {
    sub new {
        my ($class, $records, $faults) = @_;
        my (%sets, %names, %faults);
        for my $record (@$records) {
            my ($name, $type, @data) = @$record;
            push @{ $sets{"$name $type"} }, \@data;
            $names{$name} = 1;
            $names{$name} = 1 while $name =~ s/^[^.]*\.//;    # what lies above exists
        }
        $faults{"$_->[0] $_->[1]"} = $_->[2] for @$faults;
        return bless { sets => \%sets, names => \%names, faults => \%faults, error => '' }, $class;
    }

    sub errorstring { $_[0]{error} }

    # Octets in hexadecimal digits as Net::DNS takes any octet.
    sub escaped { join '', map { sprintf '\\%03d', $_ } unpack 'C*', pack 'H*', $_[0] }

    sub resource {
        my ($owner, $type, $data) = @_;
        my @owner = (owner => $owner, type => $type, ttl => 300);
        return Net::DNS::RR->new(@owner, txtdata => [map { escaped($_) } @$data])
            if $type eq 'TXT';
        return Net::DNS::RR->new(@owner, preference => $data->[0], exchange => $data->[1])
            if $type eq 'MX';
        return Net::DNS::RR->new(@owner, ptrdname => $data->[0]) if $type eq 'PTR';
        return Net::DNS::RR->new(@owner, cname => $data->[0]) if $type eq 'CNAME';
        return Net::DNS::RR->new(@owner, address => $data->[0]);
    }

    sub send {
        my ($self, $name, $type) = @_;
        my $packet = Net::DNS::Packet->new;
        my $owner = lc $name =~ s/\.$//r;
        $self->{error} = 'NOERROR';
        for (1 .. 10) {
            my $fault = $self->{faults}{"$owner $type"};
            if ($fault) {
                $self->{error} = $fault eq 'timeout' ? 'query timed out' : 'SERVFAIL';
                return if $fault eq 'timeout';
                $packet->header->rcode('SERVFAIL');
                return $packet;
            }
            my $found = $self->{sets}{"$owner $type"};
            if ($found) {
                $packet->push(answer => map { resource($owner, $type, $_) } @$found);
                return $packet;
            }
            my $alias = $self->{sets}{"$owner CNAME"} or last;
            $packet->push(answer => resource($owner, 'CNAME', $alias->[0]));
            $owner = lc $alias->[0][0];
        }
        $packet->header->rcode('NXDOMAIN') unless $self->{names}{$owner};
        return $packet;
    }
}

# One [result, detail] a DKIM-Signature field, from the top.  Mail::DKIM forgets
# the fields that it cannot parse: those are "invalid" here.
sub judge_dkim {
    my ($case, $resolver) = @_;
    my $message = decode_base64($case->{message});
    my $verifier = Mail::DKIM::Verifier->new;
    my ($header) = split /\r\n\r\n/, $message, 2;
    my @parsable;
    for my $field (split /\r\n(?![ \t])/, $header) {
        next unless $field =~ /^DKIM-Signature[ \t]*:/i;
        push @parsable, eval { Mail::DKIM::Signature->parse($field); 1 } ? 1 : 0;
    }
    Mail::DKIM::DNS::resolver($resolver);
    $verifier->PRINT($message);
    $verifier->CLOSE;
    my @signatures = $verifier->signatures;
    return [map { my $s = $_ ? shift @signatures : undef;
                  $s ? [$s->result // 'none', $s->result_detail // '']
                     : ['invalid', 'cannot be parsed'] } @parsable];
}

# [[result, detail]] of the chain.
sub judge_arc {
    my ($case, $resolver) = @_;
    my $verifier = Mail::DKIM::ARC::Verifier->new;
    Mail::DKIM::DNS::resolver($resolver);
    $verifier->PRINT(decode_base64($case->{message}));
    $verifier->CLOSE;
    return [[$verifier->result // 'none', $verifier->result_detail // '']];
}

sub judge_spf {
    my ($case, $resolver) = @_;
    my $server = Mail::SPF::Server->new(
        dns_resolver => $resolver,
        hostname => $case->{receiver},
        default_authority_explanation => 'DEFAULT',
    );
    my $null = $case->{sender} eq '';
    my $request = Mail::SPF::Request->new(
        versions => [1],
        scope => $null ? 'helo' : 'mfrom',
        identity => $null ? $case->{helo} : $case->{sender},
        ip_address => $case->{ip},
        helo_identity => $case->{helo},
    );
    my $result = $server->process($request);
    my $explanation = $result->code eq 'fail' ? $result->authority_explanation . '' : undef;
    undef $explanation if defined $explanation && $explanation eq 'DEFAULT';
    return [$result->code, $explanation, $result->text . ''];
}

$SIG{__WARN__} = sub { };    # of the libraries, about odd input
my %judges = (arc => \&judge_arc, dkim => \&judge_dkim, spf => \&judge_spf);
my $json = JSON::PP->new->canonical->ascii;
$| = 1;
while (my $line = <STDIN>) {
    my $case = $json->decode($line);
    $now = $case->{now};
    my $resolver = Fixture->new($case->{records}, $case->{faults});
    my $answer = eval { $judges{ $case->{method} }->($case, $resolver) };
    my $error = $@;
    $answer = { died => "$error" } unless defined $answer;
    print $json->encode($answer), "\n";
}
