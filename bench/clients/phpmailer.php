<?php
// SPDX-License-Identifier: LGPL-2.1-or-later
// PHPMailer; the arguments are those of job.h.  It makes the header, so only the body is given.
[, $mode, $port, $ca, $message, $size, $count, $recipients, $way] = $argv;
foreach (['PHPMailer', 'SMTP', 'Exception'] as $part) {
    require "/usr/share/php/libphp-phpmailer/src/$part.php";
}
ini_set('memory_limit', -1);
[, $body] = explode("\r\n\r\n", file_get_contents($message), 2);
$body .= str_repeat($body, max(0, intdiv($size - filesize($message), strlen($body))));

$mail = new PHPMailer\PHPMailer\PHPMailer(true);
$mail->isSMTP();
$mail->Host = 'localhost';
$mail->Port = (int)$port;
$mail->Hostname = $mail->Helo = 'client.example';
$mail->SMTPAutoTLS = false;
$mail->SMTPKeepAlive = $way != 'fresh';
if ($mode != 'plain') {
    $mail->SMTPSecure = $mode == 'starttls' ? 'tls' : 'ssl';
    $mail->SMTPAuth = true;
    $mail->AuthType = 'PLAIN';
    $mail->Username = 'user';
    $mail->Password = 'password';
    $mail->SMTPOptions = ['ssl' => ['cafile' => $ca]];
}
$mail->setFrom('sender@example.org');
for ($i = 0; $i < $recipients; $i++) {
    $mail->addAddress("recipient$i@example.com");
}
$mail->Subject = 'speed';
$mail->Encoding = '8bit';
$mail->Body = $body;
for ($i = 0; $i < $count; $i++) {
    $mail->send();
}
$mail->smtpClose();
